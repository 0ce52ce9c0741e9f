// Package knowledge holds what an operator knows about Temporal clusters in trouble, and finds the
// passages that fit a description: in an embedded index, by words, or in an Amazon Bedrock knowledge base.
//
// The documents are in documents/*.md. The package reads neither files nor the environment: other
// documents are handed in as a file system, AWS access as a configuration.
//
// No passage holds a query or raw measurements, wherever it comes from: numbers belong to the evidence,
// and a query in a document is read as one that fits the cluster at hand, which it need not do.
package knowledge
