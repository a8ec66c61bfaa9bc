# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The style of the page of an examination: light and dark, wide and narrow, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #f4f2ec; --card: #fff; --ink: #1c1b19; --soft: #5a5852; --line: #e4e0d6;
  --well: #f7f5f0; --good: #2a7248; --bad: #b3402e; --warn: #8a5a00; --calm: #6f6b60; --focus: #2f5d9b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161614; --card: #23221f; --ink: #f4f2ec; --soft: #b9b5aa; --line: #3a3833; --well: #1b1a18;
    --good: #59c189; --bad: #f08a78; --warn: #e8b04a; --calm: #a29d90; --focus: #8db4ea; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) clamp(.8rem, 4vw, 2rem); }
header p.url { color: var(--soft); font-family: ui-monospace, monospace; overflow-wrap: anywhere; margin: 0 0 .4rem; }
h1 { font-size: clamp(1.35rem, 5vw, 1.9rem); line-height: 1.25; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .8rem; }
.verdict { border: 1px solid var(--line); border-left: 6px solid var(--calm); border-radius: 12px; padding: 1rem 1.2rem;
  background: var(--card); overflow-wrap: anywhere; }
.verdict p { margin: 0; } .verdict p + p { margin-top: .5rem; }
.verdict.good { border-left-color: var(--good); } .verdict.bad { border-left-color: var(--bad); }
ol.steps { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; overflow: hidden; }
ol.steps > li { padding: .7rem 1.1rem; display: grid; grid-template-columns: 1.5rem minmax(0, 1fr); column-gap: .4rem; }
ol.steps > li + li { border-top: 1px solid var(--line); }
.sign { font-weight: 700; } .sign.ok { color: var(--good); } .sign.warning { color: var(--warn); }
.sign.fault { color: var(--bad); } .sign.skipped { color: var(--calm); }
h3 { font-size: 1rem; margin: 0; } li.skipped h3 { color: var(--calm); font-weight: 400; }
.finding { color: var(--soft); margin: .1rem 0 0; overflow-wrap: anywhere; }
.finding.fault, .finding.warning { color: var(--ink); margin-top: .5rem; }
.finding > .sign { margin-right: .3rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem .9rem; margin: .5rem 0 .3rem;
  padding: .7rem .9rem; background: var(--well); border: 1px solid var(--line); border-radius: 10px;
  font-size: .93rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.option { white-space: nowrap; }
.code { color: var(--calm); font: .8rem ui-monospace, monospace; }
.picture { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: .5rem; }
.sequence { display: block; max-width: none; font: 12.5px ui-monospace, monospace; }
.life { stroke: var(--line); stroke-width: 2; } .box { fill: var(--well); stroke: var(--line); }
.host { fill: var(--ink); font-weight: 600; } .ask { fill: var(--ink); }
.arrow { stroke: var(--soft); stroke-width: 1.4; } .tip { fill: context-stroke; }
.back { stroke-width: 1.4; stroke-dasharray: 5 4; }
.back.good { stroke: var(--good); } .back.bad { stroke: var(--bad); } .back.calm { stroke: var(--warn); }
.outcome.good { fill: var(--good); } .outcome.bad { fill: var(--bad); } .outcome.calm { fill: var(--warn); }
.sequence a { cursor: pointer; } .sequence a:focus-visible text { text-decoration: underline; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .55rem 1rem; }
details + details { margin-top: .5rem; }
summary { cursor: pointer; overflow-wrap: anywhere; } summary:focus-visible { outline: 3px solid var(--focus); }
pre { background: var(--well); border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem;
  margin: .5rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.5 ui-monospace, monospace; }
:target { outline: 3px solid var(--focus); }
footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 34rem) { dl { grid-template-columns: minmax(0, 1fr); gap: .05rem; } dd { margin-bottom: .45rem; } }
@media print { body { background: #fff; } .picture { overflow: visible; } .sequence { max-width: 100%; height: auto; } }
"""
