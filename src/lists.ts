import { SIGNAL_CLASSES, UNITS } from './catalogue';
import type { Option, OptionGroup } from './components/MultiPicker';
import type { CopilotDataSource } from './datasource';
import type { Signal } from './types';

/** The lists of the query editor as options, read from the back end. */
export function listsOf(datasource: CopilotDataSource) {
  return {
    clusters: async () => named(await datasource.clusters()),
    signals: async () => groupByClass(await datasource.signals()),
    gates: async () =>
      (await datasource.gates()).map((gate) => ({ value: gate.id, label: gate.title, description: gate.why })),
    patterns: async () =>
      (await datasource.patterns()).map(({ id, meaning }) => ({ value: id, label: id, description: meaning })),
    runbooks: async () => (await datasource.runbooks()).map(({ id, title }) => ({ value: id, label: title })),
    none: async (): Promise<Option[]> => [],
  };
}

/** Names as options. */
export function named(names: string[]): Option[] {
  return names.map((name) => ({ value: name, label: name }));
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

/** Template variables as a group of their own, if there are any. */
export function variableGroup(variables: string[]): OptionGroup[] {
  return variables.length > 0 ? [{ label: 'Template variables', options: named(variables) }] : [];
}
