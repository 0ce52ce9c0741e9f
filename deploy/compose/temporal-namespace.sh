#!/bin/sh
# Waits for a Temporal server, and registers its namespace if it is missing.
set -eu
until temporal operator cluster health >/dev/null 2>&1; do sleep 1; done
until temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 24h || sleep 1
done
echo "namespace $TEMPORAL_NAMESPACE is there"
