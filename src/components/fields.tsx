import React from 'react';
import {
  onUpdateDatasourceJsonDataOption,
  onUpdateDatasourceSecureJsonDataOption,
  updateDatasourcePluginJsonDataOption,
  updateDatasourcePluginResetOption,
} from '@grafana/data';
import { Field, Input, SecretInput, SecretTextArea } from '@grafana/ui';
import type { ConfigProps, CopilotOptions, CopilotSecrets } from '../types';
import { OnePicker } from './OnePicker';

const WIDTH = 60;

interface Described {
  label: string;
  description: string;
  placeholder?: string;
  required?: boolean;
}

type OptionOf<T> = {
  [K in keyof CopilotOptions]-?: CopilotOptions[K] extends T | undefined ? K : never;
}[keyof CopilotOptions];

const fieldId = (name: string | number) => `copilot-config-${name}`;

/** A text setting. */
export function TextField({ option, ...props }: ConfigProps & Described & { option: OptionOf<string> }) {
  const { label, description, required, placeholder, options } = props;
  return (
    <Field label={label} description={description} required={required} disabled={options.readOnly}>
      <Input
        id={fieldId(option)}
        width={WIDTH}
        placeholder={placeholder}
        required={required}
        value={options.jsonData[option] ?? ''}
        onChange={onUpdateDatasourceJsonDataOption(props, option)}
      />
    </Field>
  );
}

interface NumberProps extends ConfigProps, Described {
  option: OptionOf<number>;
  min: number;
  max: number;
}

/** An integer setting. An empty field restores the default. The back end validates the bounds. */
export function NumberField({ option, min, max, ...props }: NumberProps) {
  const { label, description, placeholder, options } = props;
  return (
    <Field label={label} description={description} disabled={options.readOnly}>
      <Input
        id={fieldId(option)}
        type="number"
        min={min}
        max={max}
        width={WIDTH}
        placeholder={placeholder}
        value={options.jsonData[option] ?? ''}
        onChange={({ currentTarget: { valueAsNumber } }) =>
          updateDatasourcePluginJsonDataOption(
            props,
            option,
            Number.isNaN(valueAsNumber) ? undefined : Math.floor(valueAsNumber)
          )
        }
      />
    </Field>
  );
}

interface Choice<T> {
  value: T;
  label: string;
  description: string;
}

/** A setting with fixed choices. The first choice is the default. */
export function ChoiceField<T extends string>({
  option,
  choices,
  ...props
}: ConfigProps & Described & { option: OptionOf<T>; choices: Array<Choice<T>> }) {
  const { label, description, options } = props;
  return (
    <Field label={label} description={description} disabled={options.readOnly}>
      <OnePicker
        id={fieldId(option)}
        width={WIDTH}
        options={choices}
        value={(options.jsonData[option] as T | undefined) ?? choices[0].value}
        onChange={(value) => updateDatasourcePluginJsonDataOption(props, option, value)}
      />
    </Field>
  );
}

interface SecretProps extends ConfigProps, Described {
  secret: keyof CopilotSecrets;
  /** For multi-line secrets such as certificates. */
  multiline?: boolean;
}

/** A secret setting. A saved secret can be replaced but not read. */
export function SecretField({ secret, multiline, ...props }: SecretProps) {
  const { label, description, placeholder, options } = props;
  const shared = {
    id: fieldId(secret),
    placeholder,
    isConfigured: options.secureJsonFields?.[secret] ?? false,
    value: options.secureJsonData?.[secret] ?? '',
    onReset: () => updateDatasourcePluginResetOption(props, secret),
  };
  const onChange = onUpdateDatasourceSecureJsonDataOption(props, secret);
  return (
    <Field label={label} description={description} disabled={options.readOnly}>
      {multiline ? (
        <SecretTextArea {...shared} cols={WIDTH} rows={5} onChange={onChange} />
      ) : (
        <SecretInput {...shared} width={WIDTH} onChange={onChange} />
      )}
    </Field>
  );
}
