/** How the page of `tidypool prove --report` looks, in light and in dark. */
export const proofStyle: string = `
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5d6b7a; --line: #dde3ea; --paper: #fff; --tint: #f5f7fa;
  --good: #1a7f4b; --good-tint: #e9f7ef; --bad: #b3261e; --bad-tint: #fdecea; --other: #9aa6b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #98a5b3; --line: #333d48; --paper: #14191f;
  --tint: #1b222a; --good: #5cc98d; --good-tint: #15291f; --bad: #ff8a80; --bad-tint: #331b19; --other: #6b7885; } }
body { margin: 0 auto; max-width: 75rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.7rem; font-weight: 650; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.command { margin: 0; padding: .6rem .9rem; border-radius: 6px; background: var(--tint); }
.about, .legend, footer { color: var(--soft); font-size: .9em; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: .8rem; margin: 1.6rem 0; }
.cards dl { margin: 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
.cards dt { color: var(--soft); font-size: .88em; }
.cards dd { margin: .15rem 0 0; color: var(--soft); }
.cards b { font-weight: 650; font-variant-numeric: tabular-nums; }
.cards .good b { color: var(--good); }
.cards .bad b { color: var(--bad); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92em; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; }
thead .mode { color: var(--ink); font-weight: 650; }
tbody th { font-weight: 500; }
td.none { color: var(--good); }
td.some { background: var(--bad-tint); color: var(--bad); }
td.unknown { color: var(--other); }
svg { display: block; }
svg line { stroke: var(--line); }
.clean { fill: var(--good); background: var(--good); }
.unclean { fill: var(--bad); background: var(--bad); }
.other { fill: var(--other); background: var(--other); }
.dot { display: inline-block; width: .6rem; height: .6rem; margin: 0 .2rem 0 .6rem; border-radius: 50%; }
.dot:first-child { margin-left: 0; }
details { margin: .3rem 0; }
summary { cursor: pointer; }
footer { margin-top: 3rem; }
`
