/** Line drawings on a grid of 24. */
const PATHS = {
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  sort: "M8 4v16M8 20l-4-4M8 20l4-4M16 20V4M16 4l-4 4M16 4l4 4",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  refresh: "M20 5v5h-5M4 19v-5h5M5.6 9A7 7 0 0 1 18 7l2 3M18.4 15A7 7 0 0 1 6 17l-2-3",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500z",
  screen: "M4 5h16v11H4zM9 20h6M12 16v4",
  leave: "M10 5H5v14h5M15 8l4 4-4 4M19 12H9",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.700l-1.3 1.300M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.700l1.3-1.3",
  pen: "M4 20l1-4L16.5 4.500a2.1 2.1 0 0 1 3 3L8 19z",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  stop: "M7 7h10v10H7z",
  help: "M9 9a3 3 0 1 1 4.2 2.800c-.9.4-1.2 1-1.2 1.900M12 17h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20a6 6 0 0 1 12 0M16 4.500a3.5 3.5 0 0 1 0 6.500M18 14.500a6 6 0 0 1 3 5.5",
  chart: "M4 20V4M4 20h16M8 16l4-5 3 3 5-7",
  chat: "M4 5h16v11H10l-4 4v-4H4z",
  note: "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h5",
  reply: "M10 8L5 13l5 5M5 13h9a5 5 0 0 0 5-5V6",
  hand: "M8 13V6a1.5 1.5 0 0 1 3 0v5M11 11V4.500a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 1 3 0v8a7 7 0 0 1-12.5 4L3 14.500a1.5 1.5 0 0 1 2.5-1.500L8 15",
  check: "M5 12.500l4.5 4.500L19 7.5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={name === "more" ? 3 : 1.8}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
