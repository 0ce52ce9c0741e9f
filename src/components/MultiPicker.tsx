import React from 'react';
import type { SelectableValue } from '@grafana/data';
// Its successor, MultiCombobox, drops its id in every Grafana before 13, so that a label reaches nothing.
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
  /** Said in place of the options when there are none. */
  emptyMessage?: string;
  /** Lets people type a value that is not among the options. */
  allowCustomValue?: boolean;
}

/** Searches names, values and descriptions alike. The row that offers to take what was typed always stays. */
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

/** Picks any number of options. A chosen value that is not among the options stays, and is shown as it is. */
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
