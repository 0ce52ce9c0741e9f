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

/** Picks clusters of the store, template variables, or any name, for clusters that have not reported yet. */
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
      emptyMessage={error ? `Failed to list clusters: ${error}. Type a name instead.` : 'No cluster reported yet'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}
