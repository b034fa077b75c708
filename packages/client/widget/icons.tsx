import type { ComponentChildren } from "preact";

/** Drawn on a grid of 24, in the colour of the text. */
function Icon({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

const icon =
  (path: string, size = 20) =>
  () => (
    <Icon size={size}>
      <path d={path} />
    </Icon>
  );

export const CopyIcon = icon(
  "M9 9h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2ZM4 15V6a2 2 0 0 1 2-2h9",
  16,
);
export const CheckIcon = icon("m5 13 4 4L19 7", 16);
export const SendIcon = icon("M12 19V5M6 11l6-6 6 6");
export const AttachIcon = icon(
  "m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4l7.7-7.6",
);
export const MicIcon = icon(
  "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
);
export const CloseIcon = icon("M6 6l12 12M18 6 6 18");
export const DownIcon = icon("m6 9 6 6 6-6");
export const SmallDownIcon = icon("m7 10 5 5 5-5", 16);
export const BackIcon = icon("m14 6-6 6 6 6");
export const LeftIcon = icon("m14 6-6 6 6 6", 16);
export const RightIcon = icon("m10 6 6 6-6 6", 16);
export const ShareIcon = icon("M12 15V4M8 8l4-4 4 4M5 13v5a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-5");
export const NewIcon = icon(
  "M12 5H7a3 3 0 0 0-3 3v9a3 3 0 0 0 3 3h9a3 3 0 0 0 3-3v-5M18.5 3.5a1.8 1.8 0 0 1 2.5 2.5L13.5 13.5 10 14l.5-3.5Z",
);
export const PersonIcon = icon("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0", 16);
export const ReplyIcon = icon("M9 14 4 9l5-5M4 9h9a7 7 0 0 1 7 7v3", 16);
export const EditIcon = icon(
  "M15.5 5.5 18.5 8.5M5 19l.8-3.8L16.6 4.4a2.1 2.1 0 0 1 3 3L8.8 18.2Z",
  16,
);
export const DeleteIcon = icon("M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9.5 7V4h5v3", 16);
export const AgainIcon = icon("M20 12a8 8 0 1 1-2.4-5.7M20 4v4h-4", 16);
export const GoodIcon = icon(
  "M7 11v9H4v-9ZM7 11l4-7.5a2 2 0 0 1 2 2V9h5.5a2 2 0 0 1 2 2.4l-1.3 7A2 2 0 0 1 17.2 20H7",
  16,
);
export const BadIcon = icon(
  "M17 13V4h3v9ZM17 13l-4 7.5a2 2 0 0 1-2-2V15H5.5a2 2 0 0 1-2-2.4l1.3-7A2 2 0 0 1 6.8 4H17",
  16,
);
export const SmileIcon = icon(
  "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.2M15 9.5v.2",
  16,
);
export const FileIcon = icon("M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9ZM13 3v6h6");
export const ClockIcon = icon("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2", 14);
export const SentIcon = icon("m6 12.5 4 4 8-9", 14);
export const AlertIcon = icon("M12 8v5M12 16.5v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z", 14);

/** Two ticks: it arrived. */
export function DeliveredIcon() {
  return (
    <Icon size={14}>
      <path d="m2 12.5 4 4 8-9M11.5 15.5l1 1 8-9" />
    </Icon>
  );
}

export function StopIcon() {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <rect x="5.5" y="5.5" width="13" height="13" rx="3" fill="currentColor" />
    </svg>
  );
}

export function PlayIcon() {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d="M8 5.5v13l11-6.5Z" fill="currentColor" />
    </svg>
  );
}

export function PauseIcon() {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d="M7 5h4v14H7ZM13 5h4v14h-4Z" fill="currentColor" />
    </svg>
  );
}

/** Who answers by machine. */
export function SparkIcon() {
  return (
    <svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d="M12 2.5c.9 5.3 3.3 7.700 9 9.5-5.700 1.8-8.100 4.2-9 9.5-.9-5.3-3.3-7.700-9-9.5 5.700-1.8 8.100-4.2 9-9.5Z"
        fill="currentColor"
      />
    </svg>
  );
}

export function ChatIcon() {
  return (
    <svg viewBox="0 0 28 28" width="28" height="28" aria-hidden="true" focusable="false">
      <path
        d="M14 4c5.8 0 10.5 3.900 10.5 8.900S19.8 21.8 14 21.8c-1 0-2-.1-2.900-.3L6 24.5l.9-4.600c-2.100-1.700-3.4-4.100-3.4-7C3.5 7.900 8.2 4 14 4Z"
        fill="currentColor"
      />
    </svg>
  );
}
