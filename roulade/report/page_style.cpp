// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/page.hpp"

namespace roulade::plot {

std::string_view page_style() {
  return R"css(
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1f2328; --soft: #59626d; --line: #dfe3e8;
  --accent: #0072b2; --good: #00694d; --off: #a34700; --lift: none; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #101317; --card: #181c21; --ink: #e7eaee; --soft: #a2abb6; --line: #2c333b;
    --accent: #56b4e9; --good: #4cc9a0; --off: #f0995a; --lift: brightness(1.55) saturate(.9); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 56px; }
header { max-width: 46rem; margin-bottom: 24px; }
h1 { font-size: clamp(1.6rem, 4vw, 2.2rem); line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; line-height: 1.3; margin: 0 0 .5rem; }
header p { color: var(--soft); font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
.grid { display: grid; grid-template-columns: minmax(0, 1fr); grid-auto-flow: dense; gap: 20px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 18px 14px;
  min-width: 0;
  margin: 0; }
figure > h2, .card > h2 { margin-bottom: .4rem; }
.scroll { overflow-x: auto; }
.plot { display: block; width: 100%; height: auto; font-family: inherit; }
canvas, .legend i, .plot image, .plot polyline:not([stroke="currentColor"]), .plot .discs { filter: var(--lift); }
.wide .plot { min-width: 620px; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(var(--side), 100%), 1fr)); gap: 10px 6px; }
figcaption, .note { color: var(--soft); font-size: .875rem; margin: .5rem 0 0; overflow-wrap: anywhere; }
@media (min-width: 860px) { .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); } .all { grid-column: 1 / -1; } }
canvas { display: block; width: 100%; aspect-ratio: 1; touch-action: manipulation; border: 1px solid var(--line);
  border-radius: 6px; }
.player { display: flex; align-items: center; gap: 12px; margin-top: 12px; flex-wrap: wrap; }
.player button { min-width: 5.2rem; min-height: 40px; padding: 0 14px; font: inherit; font-weight: 600;
  color: var(--card);
  background: var(--accent); border: 0; border-radius: 8px; cursor: pointer; }
.player input { flex: 1 1 140px; min-width: 0; min-height: 40px; margin: 0; accent-color: var(--accent); }
.player output { min-width: 5.4rem; font-variant-numeric: tabular-nums; }
.level-slider + output { min-width: 10.5rem; }
.player label { display: inline-flex; align-items: center; gap: 6px; font-size: .9rem; color: var(--soft); }
.player select { font: inherit; max-width: 9rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 8px; padding: 0; list-style: none;
  font-size: .875rem; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: 8px 14px 8px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; }
tbody th { font-weight: 600; }
th small { display: block; font-weight: 400; color: var(--soft); }
.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.verdict { white-space: nowrap; font-weight: 600; color: var(--off); }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(332px, 100%), 1fr)); gap: 0 20px; }
.shots { display: flex; flex-wrap: wrap; gap: 10px; margin: .3rem 0 .8rem; }
.shots figure { flex: none; width: 104px; margin: 0; }
.shots .several { display: flex; gap: 4px; flex-wrap: wrap; width: 272px; margin-right: 14px; }
.shots .several figcaption { flex-basis: 100%; }
.shots img { display: block; width: 104px; height: auto; border-radius: 3px; }
.shots .several img { width: 88px; }
.shots .small { image-rendering: pixelated; }
.shots figcaption { margin-top: .25rem; line-height: 1.35; }
.all > h3 { font-size: 1rem; margin: 1.1rem 0 .2rem; }
.asked { margin: .6rem 0 0; overflow-wrap: anywhere; }
.differ td { font-weight: 600; }
.verdict.good { color: var(--good); }
@media (max-width: 620px) {
  main { padding: 20px 12px 40px; } .card { padding: 14px 12px 12px; }
  .figures thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .figures tr { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; padding: 10px 0;
    border-bottom: 1px solid var(--line); }
  .figures tbody tr:last-child { border-bottom: 0; }
  .figures th, .figures td { border: 0; padding: 0; }
  .figures th { grid-column: 1 / -1; }
  .figures td { display: contents; }
  .figures td::before { content: attr(data-name); color: var(--soft); }
}
pre { margin: 0; overflow-x: auto; font: .85rem/1.55 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; tab-size: 4; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 18px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.files { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0; padding: 0; list-style: none; font-size: .95rem; }
a { color: var(--accent); }
@media print { body { background: #fff; } .player { display: none; } .card { break-inside: avoid; } }
)css";
}

}  // namespace roulade::plot
