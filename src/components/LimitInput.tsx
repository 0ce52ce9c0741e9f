import React from 'react';
import { Input } from '@grafana/ui';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../query';

interface Props {
  id: string;
  value?: number;
  /** Receives undefined for an empty field, which means the default. */
  onChange: (value?: number) => void;
}

/** A number of rows, committed on blur or Enter, so that a partial number triggers no query. */
export function LimitInput({ id, value, onChange }: Props) {
  const commit = ({ currentTarget }: React.SyntheticEvent<HTMLInputElement>) => {
    const rows = Math.floor(currentTarget.valueAsNumber);
    const limit = Number.isNaN(rows) ? undefined : Math.min(Math.max(rows, 1), MAX_LIMIT);
    if (limit !== value) {
      onChange(limit);
    }
  };

  return (
    <Input
      // Shows the committed number, which may differ from the typed one.
      key={value}
      id={id}
      type="number"
      min={1}
      max={MAX_LIMIT}
      width={12}
      placeholder={String(DEFAULT_LIMIT)}
      defaultValue={value}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit(event)}
    />
  );
}
