// Package llm has large language models explain evidence: what they are asked, what of their answer the evidence bears
// out, and what they may cost.
package llm
