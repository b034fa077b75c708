import { useEffect, useState } from "preact/hooks";

interface FieldProps<T> {
  label: string;
  value: T;
  onChange: (value: T) => void;
}

export interface ChoiceProps<T extends string> extends FieldProps<T> {
  options: readonly (readonly [value: T, label: string])[];
}

export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Day({ label, value, onChange }: FieldProps<string>) {
  return (
    <label class="field">
      <span>{label}</span>
      <input type="date" value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}

/** Who types is asked about once they pause: each question counts against an admin's limit. */
const PAUSE_MS = 500;

export function UserField({ label, value, onChange }: FieldProps<string>) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <label class="field filters-user">
      <span>{label}</span>
      <input
        type="search"
        data-find
        placeholder="Exact user id"
        maxLength={255}
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </label>
  );
}
