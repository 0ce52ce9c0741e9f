// Package demo shows the copilot at work to somebody who sees it for the first time: it sets a stage up,
// plays a story on it and shows what the copilot makes of it, live.
package demo
