import { useEffect, useState } from 'react';

export interface Loaded<T> {
  value: T;
  isLoading: boolean;
  /** Error message, if loading failed. */
  error?: string;
}

/** Loads a value once per load function. The value is the initial one until then, and after a failure. */
export function useLoaded<T>(load: () => Promise<T>, initial: T): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: initial, isLoading: true });

  useEffect(() => {
    let wanted = true;
    const settle = (next: Loaded<T>) => wanted && setLoaded(next);
    load().then(
      (value) => settle({ value, isLoading: false }),
      (reason) => settle({ value: initial, isLoading: false, error: messageOf(reason) })
    );
    return () => {
      wanted = false;
    };
    // A changed initial value does not trigger a reload.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [load]);

  return loaded;
}

function messageOf(reason: unknown): string {
  // Grafana rejects with the response; its body contains the back end message.
  const { data, message } = (reason ?? {}) as { data?: { message?: string }; message?: string };
  return data?.message ?? message ?? 'the request failed';
}
