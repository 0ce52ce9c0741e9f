import React, { useCallback } from 'react';
import type { CopilotDataSource } from '../datasource';
import { MultiPicker } from './MultiPicker';
import { useLoaded } from './useLoaded';

interface Props {
  id: string;
  datasource: CopilotDataSource;
  value: string[];
  onChange: (value: string[]) => void;
}

/** Picks recent log patterns, or any id, for patterns that have not matched yet. */
export function PatternPicker({ id, datasource, value, onChange }: Props) {
  const {
    value: patterns,
    isLoading,
    error,
  } = useLoaded(
    useCallback(() => datasource.patterns(), [datasource]),
    []
  );

  return (
    <MultiPicker
      id={id}
      options={patterns.map((pattern) => ({ value: pattern.id, label: pattern.id, description: pattern.meaning }))}
      placeholder="All patterns"
      isLoading={isLoading}
      emptyMessage={error ? `Failed to list patterns: ${error}. Type an id instead.` : 'No recent pattern'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}
