// Where a popover is put: below what it tells of, or above it, within the part of the window that is free.

export interface Box {
  left: number;
  top: number;
  bottom: number;
}

/** What is free of the window, in px: the bars of a phone are not. */
export interface Free {
  top: number;
  bottom: number;
  right: number;
}

export interface Place {
  left: number;
  top: number;
  maxHeight: number; // what is more scrolls within
}

const kGap = 6; // px to what it tells of
const kEdge = 8; // px to the ends of what is free

/** `width` and `height` are what the popover would have. It hides what it tells of only where there is no other way. */
export function popoverPlace(at: Box, width: number, height: number, free: Free): Place {
  const left = Math.max(kEdge, Math.min(at.left, free.right - width - kEdge));
  const first = free.top + kEdge;
  const last = free.bottom - kEdge;
  const maxHeight = last - first;
  const own = Math.min(height, maxHeight);
  const below = at.bottom + kGap;
  const above = at.top - kGap - own;
  const top = below + own <= last ? below : above >= first ? above : last - own;
  return { left, top: Math.max(first, Math.min(top, last - own)), maxHeight };
}
