// Package docs reads the documents of this repository as their readers do, for the tests that hold them to the
// truth: what links lead to, which commands they name, and what their examples and tables say.
package docs
