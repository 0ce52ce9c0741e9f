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

/** Picks gates from the back end's table. */
export function GatePicker({ id, datasource, value, onChange }: Props) {
  const {
    value: gates,
    isLoading,
    error,
  } = useLoaded(
    useCallback(() => datasource.gates(), [datasource]),
    []
  );

  return (
    <MultiPicker
      id={id}
      options={gates.map((gate) => ({ value: gate.id, label: gate.title, description: gate.why }))}
      placeholder="All gates"
      isLoading={isLoading}
      emptyMessage={error ? `Failed to list gates: ${error}. Type an id instead.` : 'No matching gate'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}
