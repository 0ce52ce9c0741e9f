// Package scenario plays stories of trouble on a stage and checks that the copilot tells them as they
// were: which state and which bottleneck in every phase, and how soon.
package scenario
