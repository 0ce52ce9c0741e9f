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

/** Picks log patterns that were found lately, or any id: one that is awaited may not have been found yet. */
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
      emptyMessage={error ? `Can't list the patterns: ${error}. You can type an id.` : 'None was found lately'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}
