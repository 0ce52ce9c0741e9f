import { useEffect, useState } from 'react';

export interface Loaded<T> {
  value: T;
  isLoading: boolean;
  /** Why there is no value, for people. */
  error?: string;
}

/** Loads something once for each new load function; until then, and when it fails, there is what it was given first. */
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
    // What there is at first is no reason to load again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [load]);

  return loaded;
}

function messageOf(reason: unknown): string {
  // Grafana's fetch rejects with the response, whose body holds the back end's message.
  const { data, message } = (reason ?? {}) as { data?: { message?: string }; message?: string };
  return data?.message ?? message ?? 'the request failed';
}
