import type { ReactNode } from "react";

// Drawn on 20 x 20 with lines of 1.6, in the colour of the text around. All are decoration: names stand beside.

const icon = (content: ReactNode) =>
  function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {content}
      </svg>
    );
  };

export const RunsIcon = icon(<path d="M3 3v14h14M6 6c1 6 3 7 5 7s4 1 6 1" />);
export const ChatIcon = icon(
  <path d="M4 4h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H9l-4 3v-3H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z" />,
);
export const CompleteIcon = icon(<path d="M3 5h14M3 9h14M3 13h6M12 15l4-4 1.5 1.5-4 4H12z" />);
export const TokensIcon = icon(<path d="M3 6h6v8H3zM11 6h3v8h-3zM16 6h1v8h-1z" />);
export const ModelsIcon = icon(
  <path d="M10 3l7 3.5-7 3.5-7-3.5zM3 10l7 3.5 7-3.5M3 13.5L10 17l7-3.5" />,
);
export const SystemIcon = icon(<path d="M3 11h3l2-6 4 11 2-5h3" />);
export const CopyIcon = icon(<path d="M7 7h9v9H7zM13 4H4v9" />);
export const CheckIcon = icon(<path d="M4 10.5l4 4 8-9" />);
export const CloseIcon = icon(<path d="M5 5l10 10M15 5L5 15" />);
export const EditIcon = icon(<path d="M4 16v-3l9-9 3 3-9 9zM11 6l3 3" />);
export const RetryIcon = icon(<path d="M16 10a6 6 0 1 1-2-4.5M16 3v3.5h-3.5" />);
export const StopIcon = icon(
  <rect x="5" y="5" width="10" height="10" rx="1.5" fill="currentColor" />,
);
export const SendIcon = icon(<path d="M10 16V4M5 9l5-5 5 5" />);
export const DownloadIcon = icon(<path d="M10 3v10M6 9.5l4 4 4-4M4 17h12" />);
export const PreviousIcon = icon(<path d="M12 5l-5 5 5 5" />);
export const NextIcon = icon(<path d="M8 5l5 5-5 5" />);
export const SettingsIcon = icon(<path d="M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4" />);
export const PlusIcon = icon(<path d="M10 4v12M4 10h12" />);
export const ThemeIcon = icon(
  <>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
  </>,
);
export const KeyIcon = icon(
  <>
    <circle cx="7" cy="13" r="3.5" />
    <path d="M9.5 10.5L17 3M14 6l2 2" />
  </>,
);
export const TableIcon = icon(<path d="M3 4h14v12H3zM3 8h14M3 12h14M8 4v12" />);
