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
  /** The chosen option, whole where it is not among the options. */
  value?: T | OneOption<T>;
  onChange: (value: T) => void;
}

/**
 * Picks one option and hands each choice up once. Grafana's own picker calls onChange again with every rendering until
 * the new value has come back down. A page that renders in answer to each call, such as the one of template variables,
 * never gets that far, and hangs.
 */
export function OnePicker<T extends string>({ value, onChange, ...rest }: Props<T>) {
  const chosen = typeof value === 'object' ? value.value : value;
  const handed = useRef(chosen);

  // What comes down counts, whoever chose it.
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
