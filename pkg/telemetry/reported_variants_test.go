package telemetry_test

var deadQueues, hardToSee, stores, applications, sdks, soundClusters, serverParts []story
