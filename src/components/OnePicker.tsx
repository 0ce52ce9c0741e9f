import React, { useEffect, useRef } from 'react';
import { Combobox } from '@grafana/ui';

interface OneOption<T extends string> {
  value: T;
  label: string;
  description?: string;
}

interface Props<T extends string> {
  id: string;
  width: number;
  options: Array<OneOption<T>>;
  /** The selected option; a complete option if it is not among the options. */
  value?: T | OneOption<T>;
  onChange: (value: T) => void;
}

/**
 * Picks one option and calls onChange once per choice. Grafana's Combobox repeats onChange on every render until the new
 * value arrives as a prop. A page that renders on each call, such as the editor of template variables, would loop.
 */
export function OnePicker<T extends string>({ value, onChange, ...rest }: Props<T>) {
  const chosen = typeof value === 'object' ? value.value : value;
  const handed = useRef(chosen);

  // The prop has precedence over the last choice.
  useEffect(() => {
    handed.current = chosen;
  }, [chosen]);

  return (
    <Combobox<T>
      {...rest}
      value={value}
      onChange={(option) => {
        if (option.value !== handed.current) {
          handed.current = option.value;
          onChange(option.value);
        }
      }}
    />
  );
}
