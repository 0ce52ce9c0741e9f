import React from 'react';
import { MultiPicker, type Option, type OptionGroup } from './MultiPicker';
import { useLoaded } from './useLoaded';

interface Props {
  id: string;
  /** Reads the list from the back end; a new function reads it again. */
  load: () => Promise<Array<Option | OptionGroup>>;
  /** Options in front of the list, such as template variables. */
  first?: Array<Option | OptionGroup>;
  /** What the list contains, in the plural. */
  plural: string;
  placeholder: string;
  /** Shown when nothing matches. */
  none: string;
  value: string[];
  onChange: (value: string[]) => void;
}

/** Picks from a list of the back end, or any other value: a value that is not in the list yet, or a template variable. */
export function ListPicker({ load, first = [], plural, none, ...picker }: Props) {
  const { value: options, isLoading, error } = useLoaded(load, []);
  return (
    <MultiPicker
      options={[...first, ...options]}
      isLoading={isLoading}
      emptyMessage={error ? `Failed to list ${plural}: ${error}. Type a value instead.` : none}
      allowCustomValue
      {...picker}
    />
  );
}
