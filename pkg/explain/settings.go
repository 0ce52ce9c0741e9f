package explain

// Settings are the names of settings that a text may mention although they are not in the evidence.
// Their values are not in it either, and no text states any.
func Settings() []string {
	return []string{
		"frontend.rps", "frontend.namespaceRPS", "frontend.namespaceCount", "frontend.persistenceMaxQPS", "history.persistenceMaxQPS",
		"matching.rps", "matching.persistenceMaxQPS", "system.visibilityPersistenceMaxWriteQPS", "metrics.breakdownByTaskQueue", "metrics.breakdownByPartition",
		"matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions", "persistence.datastores.sql.maxConns",
		"MaxConcurrentActivityExecutionSize", "MaxConcurrentWorkflowTaskExecutionSize",
	}
}
