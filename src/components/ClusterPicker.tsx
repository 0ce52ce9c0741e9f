import React, { useCallback } from 'react';
import type { CopilotDataSource } from '../datasource';
import { MultiPicker } from './MultiPicker';
import { useLoaded } from './useLoaded';

interface Props {
  id: string;
  datasource: CopilotDataSource;
  /** The dashboard's template variables. */
  variables: () => string[];
  value: string[];
  onChange: (value: string[]) => void;
}

/** Picks clusters of the store, template variables, or any name: a cluster may be awaited that never reported yet. */
export function ClusterPicker({ id, datasource, variables, value, onChange }: Props) {
  const {
    value: clusters,
    isLoading,
    error,
  } = useLoaded(
    useCallback(() => datasource.clusters(), [datasource]),
    []
  );

  return (
    <MultiPicker
      id={id}
      options={[...variables(), ...clusters].map((name) => ({ value: name, label: name }))}
      placeholder="All clusters"
      isLoading={isLoading}
      emptyMessage={error ? `Can't list the clusters: ${error}. You can type a name.` : 'No cluster has reported yet'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}
