/** One page, one style: system fonts, no requests, light and dark, narrow and printed. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fafaf8;--card:#fff;--ink:#1c1e23;--soft:#5d626e;--line:#e2e2de;--code:#f3f3ef;--link:#1d4ed8;
--critical:#9f1239;--high:#b93a0b;--medium:#8a5a00;--low:#1d5fc4;--info:#4b5563;--pass:#15703a;--unsure:#6b35c9;--none:#6b7280;--bar:#5b7fd6;--lost:#dcdcd6}
@media (prefers-color-scheme:dark){:root{--paper:#131519;--card:#1b1e24;--ink:#e7e8ea;--soft:#a0a5b0;--line:#2e323b;--code:#14161b;--link:#8ab0ff;
--critical:#ff8fa8;--high:#ff9d6c;--medium:#eec25a;--low:#86b3ff;--info:#b3b9c4;--pass:#6fd796;--unsure:#c3a2ff;--none:#9aa0ab;--bar:#7d9df0;--lost:#363b46}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
a{color:var(--link)}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .25rem;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.75rem 0 1rem;letter-spacing:-.005em}
h3{font-size:1.06rem;margin:0;line-height:1.4}
h4{font-size:.95rem;margin:1.25rem 0 .35rem}
p{margin:.4rem 0}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.verdict{font-size:1.2rem;font-weight:600;margin:1.1rem 0 1.25rem;padding-left:.85rem;border-left:4px solid var(--tone,var(--pass))}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1.25rem;padding:0;list-style:none}
.tiles li{flex:1 1 6.5rem;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.55rem .8rem;color:var(--soft);font-size:.875rem}
.tiles b{display:block;font-size:1.45rem;line-height:1.25;color:var(--tone,var(--ink));font-variant-numeric:tabular-nums}
.tone-critical{--tone:var(--critical)}.tone-high{--tone:var(--high)}.tone-medium{--tone:var(--medium)}.tone-low{--tone:var(--low)}.tone-info{--tone:var(--info)}
.tone-pass{--tone:var(--pass)}.tone-cannot-judge{--tone:var(--unsure)}.tone-inform{--tone:var(--info)}.tone-not-applicable{--tone:var(--none)}
.badge{display:inline-block;white-space:nowrap;font-size:.78rem;font-weight:600;line-height:1.5;padding:0 .55em;border-radius:99px;border:1px solid currentColor;color:var(--tone)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0;font-size:.9rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;padding:.5rem .8rem;color:var(--soft)}
th,td{text-align:left;vertical-align:top;padding:.5rem .8rem;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:500;white-space:nowrap}
tbody th{font-weight:500}
span.number{white-space:nowrap}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.15rem;margin:0 0 .9rem}
.finding{border-top:1px solid var(--line);margin-top:.9rem;padding-top:.8rem}
.finding>p:first-child{display:flex;gap:.6rem;align-items:baseline;margin-top:0}
.finding strong{font-weight:600}
.line{display:flex;flex-wrap:wrap;gap:.3rem .6rem;align-items:baseline}
.line h3{flex:1 1 14rem}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--link);font-size:.9rem;padding:.1rem 0}
summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
details>summary.plain{color:inherit;font-size:inherit}
pre{margin:.4rem 0;padding:.7rem .85rem;background:var(--code);border:1px solid var(--line);border-radius:8px;font:.8rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere;max-height:26rem;overflow-y:auto}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto}
.chart{padding:.75rem .85rem;margin:.4rem 0 .9rem}
.chart svg{min-width:30rem}
svg text{fill:var(--soft);font:11px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
.axis{stroke:var(--line)}.limit{stroke:var(--critical);stroke-dasharray:4 3}.possible{fill:var(--lost)}.left{fill:var(--bar)}
.s2{fill:var(--pass)}.s3{fill:var(--low)}.s4{fill:var(--medium)}.s5,.s0{fill:var(--critical)}.bad{fill:var(--critical)}.good{fill:var(--bar)}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.3rem 0 0;padding:0;list-style:none;font-size:.82rem;color:var(--soft)}
.key svg{display:inline-block;width:.7rem;height:.7rem;min-width:0;margin-right:.35rem}
.notice{border-left:4px solid var(--tone,var(--unsure));background:var(--card);padding:.7rem 1rem;border-radius:0 10px 10px 0;margin:1rem 0}
.skip{position:absolute;left:-100vw}.skip:focus{left:1rem;top:.5rem}
footer{color:var(--soft);font-size:.85rem;padding-top:2rem;padding-bottom:3rem}
@media (max-width:40rem){body{font-size:15px}header{padding-top:1.5rem}main,header,footer{padding-left:.9rem;padding-right:.9rem}h1{font-size:1.4rem}
.chart svg{min-width:52rem}.key svg{min-width:0}.facts{grid-template-columns:1fr}.facts dt{margin-top:.35rem}.card{padding:.85rem .9rem}.wide{display:none}th,td{padding:.45rem .6rem}.finding>p:first-child{display:block}.finding>p:first-child .badge{margin-right:.35rem}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--code:#f6f6f6;--link:#000;--critical:#9f1239;--high:#b93a0b;--medium:#8a5a00;--low:#1d5fc4;--info:#4b5563;--pass:#15703a;--unsure:#6b35c9;--none:#6b7280;--bar:#5b7fd6;--lost:#dcdcd6}
body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}.card,.tiles li{break-inside:auto}.finding,tr,svg{break-inside:avoid}h2,h3,h4{break-after:avoid}
pre{max-height:none;overflow:visible}.scroll{overflow:visible}.chart svg{min-width:0}details::details-content{content-visibility:visible;block-size:auto;height:auto}.skip{display:none}}
`
