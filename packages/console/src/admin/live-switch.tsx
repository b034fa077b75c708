import "./live-switch.css";

/** Whether the list is kept fresh by itself. */
export function LiveSwitch({
  isOn,
  onChange,
}: {
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <button
      type="button"
      role="switch"
      class="live"
      aria-checked={isOn}
      onClick={() => onChange(!isOn)}
    >
      <span class="live-dot" aria-hidden="true" />
      Live
    </button>
  );
}
