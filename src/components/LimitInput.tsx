import React from 'react';
import { Input } from '@grafana/ui';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../query';

interface Props {
  id: string;
  value?: number;
  /** Gets undefined when the field was emptied, which means the default. */
  onChange: (value?: number) => void;
}

/** Takes a number of rows when its field is left or Enter is hit, so that a half-typed number asks nothing. */
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
      // Shows what was made of the number that was typed.
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
