import React from 'react';
import type { DataSourceApi, QueryEditorProps } from '@grafana/data';
import { Field } from '@grafana/ui';
import type { CopilotOptions, CopilotQuery, CopilotVariableQuery, VariableSource } from '../types';
import { OnePicker } from './OnePicker';

type Props = QueryEditorProps<
  DataSourceApi<CopilotQuery, CopilotOptions>,
  CopilotQuery,
  CopilotOptions,
  CopilotVariableQuery
>;

const SOURCES: Array<{ value: VariableSource; label: string; description: string }> = [
  { value: 'clusters', label: 'Clusters', description: 'Clusters in the store' },
  { value: 'services', label: 'Services', description: 'Services of a Temporal cluster' },
  { value: 'signals', label: 'Signals', description: 'All signals by title; the value is the id' },
  { value: 'states', label: 'States', description: 'Happy, stressed, critical, unknown' },
  { value: 'severities', label: 'Severities', description: 'Severities of issues: critical, warning' },
  { value: 'runbooks', label: 'Runbooks', description: 'Runbooks by title; the value is the id' },
];

/** Selects the list behind a template variable. */
export function VariableQueryEditor({ query, onChange }: Props) {
  return (
    <Field label="List of" description="Values of the variable.">
      <OnePicker
        id="copilot-variable-source"
        width={40}
        options={SOURCES}
        value={query.source ?? 'clusters'}
        onChange={(source) => onChange({ ...query, source })}
      />
    </Field>
  );
}
