import React from 'react';
import type { SelectableValue } from '@grafana/data';
// Its successor, MultiCombobox, ignores the id before Grafana 13, which breaks the label.
import { MultiSelect } from '@grafana/ui';

export interface Option {
  value: string;
  label: string;
  description?: string;
}

export interface OptionGroup {
  label: string;
  options: Option[];
}

interface Props {
  id: string;
  options: Array<Option | OptionGroup>;
  value: string[];
  onChange: (value: string[]) => void;
  placeholder: string;
  isLoading?: boolean;
  /** Shown if there are no options. */
  emptyMessage?: string;
  /** Accepts values that are not among the options. */
  allowCustomValue?: boolean;
}

/** Searches names, values and descriptions. The row that creates a custom value is always visible. */
function matches({ label, value, data }: SelectableValue<string>, query: string): boolean {
  const text = `${label} ${value} ${data?.description ?? ''}`.toLowerCase();
  return (
    data?.__isNew__ ||
    query
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
}

/** Picks any number of options. A selected value that is not among the options is kept and shown unchanged. */
export function MultiPicker({ id, options, value, onChange, emptyMessage, ...select }: Props) {
  const known = new Map(options.flatMap((o) => ('options' in o ? o.options : [o])).map((o) => [o.value, o]));
  const chosen = value.map((v) => known.get(v) ?? { value: v, label: v });

  return (
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    <MultiSelect<string>
      inputId={id}
      options={options as Array<SelectableValue<string>>}
      value={chosen}
      onChange={(picked) => onChange(picked.map((o) => o.value).filter((v) => v !== undefined))}
      noOptionsMessage={emptyMessage}
      filterOption={matches}
      closeMenuOnSelect={false}
      isClearable
      {...select}
    />
  );
}
