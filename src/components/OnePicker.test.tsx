import React from 'react';
import { render } from '@testing-library/react';
import { OnePicker } from './OnePicker';

const combobox = jest.fn();
jest.mock('@grafana/ui', () => ({
  Combobox: (props: unknown) => {
    combobox(props);
    return null;
  },
}));

const OPTIONS = [
  { value: 'clusters', label: 'Clusters' },
  { value: 'signals', label: 'Signals' },
];

/** Repeats the last choice, as Grafana's Combobox does in an effect. */
function choose(value: string) {
  const { onChange } = combobox.mock.lastCall![0] as { onChange: (option: { value: string }) => void };
  onChange({ value });
}

describe('picking one option', () => {
  it('hands a choice up once, however often the picker repeats it before the new value arrives', () => {
    const onChange = jest.fn();
    const picker = (value: string) => (
      <OnePicker id="p" width={20} options={OPTIONS} value={value} onChange={onChange} />
    );
    const { rerender } = render(picker('clusters'));
    choose('signals');
    rerender(picker('clusters'));
    choose('signals');
    expect(onChange.mock.calls).toEqual([['signals']]);
  });

  it('takes the first choice again after another', () => {
    const onChange = jest.fn();
    const picker = (value: string) => (
      <OnePicker id="p" width={20} options={OPTIONS} value={value} onChange={onChange} />
    );
    const { rerender } = render(picker('clusters'));
    choose('signals');
    rerender(picker('signals'));
    choose('clusters');
    rerender(picker('clusters'));
    choose('signals');
    expect(onChange.mock.calls).toEqual([['signals'], ['clusters'], ['signals']]);
  });
});
