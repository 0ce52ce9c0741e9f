import React, { useCallback } from 'react';
import { SIGNAL_CLASSES, UNITS } from '../catalogue';
import type { CopilotDataSource } from '../datasource';
import type { Signal } from '../types';
import { MultiPicker, type OptionGroup } from './MultiPicker';
import { useLoaded } from './useLoaded';

interface Props {
  id: string;
  datasource: CopilotDataSource;
  /** The dashboard's template variables. */
  variables: () => string[];
  value: string[];
  onChange: (value: string[]) => void;
}

/** Picks signals from the back end's table, under the headings of their classes, with unit and meaning. */
export function SignalPicker({ id, datasource, variables, value, onChange }: Props) {
  const {
    value: signals,
    isLoading,
    error,
  } = useLoaded(
    useCallback(() => datasource.signals(), [datasource]),
    []
  );

  return (
    <MultiPicker
      id={id}
      options={[...groupByClass(signals), ...variableGroup(variables())]}
      placeholder="Signals by service"
      isLoading={isLoading}
      emptyMessage={error ? `Failed to list signals: ${error}. Type an id instead.` : 'No matching signal'}
      allowCustomValue
      value={value}
      onChange={onChange}
    />
  );
}

/** Puts signals under the heading of their class, in the order of the table. A class without a heading is its own. */
export function groupByClass(signals: Signal[]): OptionGroup[] {
  const headings = new Map(SIGNAL_CLASSES.map(({ value, label }) => [value, label]));
  const units = new Map(UNITS.map(({ value, label }) => [value, label]));
  const groups = new Map<string, OptionGroup>();
  for (const { id, title, unit, class: signalClass, meaning } of signals) {
    const group = groups.get(signalClass) ?? { label: headings.get(signalClass) ?? signalClass, options: [] };
    group.options.push({
      value: id,
      label: `${title} [${units.get(unit) ?? unit}]`,
      description: `${meaning} (${id})`,
    });
    groups.set(signalClass, group);
  }
  return [...groups.values()];
}

function variableGroup(variables: string[]): OptionGroup[] {
  const options = variables.map((name) => ({ value: name, label: name }));
  return options.length > 0 ? [{ label: 'Template variables', options }] : [];
}
