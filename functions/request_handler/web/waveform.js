// A song as a picture: its loudness as bars, coloured by section.

import { svg } from "./dom.js";

const HEIGHT = 40;
const STEP = 4;
const THINNEST = 2;

/**
 * Draw `peaks` (0 to 1, equal slices of `duration` seconds) as `bars` bars. Each section's bars
 * are one path of the class `section-LABEL`.
 */
export function waveform({ peaks, duration, sections }, bars) {
  const paths = new Map();
  for (let bar = 0; bar < bars; bar += 1) {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    const half = Math.max(THINNEST, (HEIGHT - 2) * Math.max(...peaks.slice(from, to))) / 2;
    const second = ((bar + 0.5) / bars) * duration;
    const label = sections.find((part) => part.start <= second && second < part.end)?.label ?? "none";
    const x = bar * STEP + STEP / 2;
    paths.set(label, `${paths.get(label) ?? ""}M${x} ${(HEIGHT / 2 - half).toFixed(1)}V${(HEIGHT / 2 + half).toFixed(1)}`);
  }
  return svg(
    "svg",
    { class: "wave", viewBox: `0 0 ${bars * STEP} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...[...paths].map(([label, d]) => svg("path", { class: `section-${label}`, d })),
  );
}
