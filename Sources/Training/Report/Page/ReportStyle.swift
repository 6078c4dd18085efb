/// The page's looks: one column, few sizes, numbers that line up; light, dark, phone and paper.
enum ReportStyle {
  static var sheet: String { ground + Palette.variables + Palette.rules + FigureStyle.textRules + rules }

  /// The page's own colours beside those of figures.
  private static let ground = """
    :root{color-scheme:light dark;--page:#fdfdfc;--panel:#f5f5f3;--rule:#e2e3e5;--link:#0b5a9c;--good:#07694e;--bad:#ad4307}
    @media screen and (prefers-color-scheme:dark){:root{--page:#131518;--panel:#1b1e22;--rule:#2b2f35;--link:#7bbcf0;--good:#4fcfa7;--bad:#f5975b}}
    """

  private static let rules = """
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
      font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
    main,footer{max-width:47.5rem;margin:0 auto;padding:0 1.25rem}
    main{padding-top:4rem}
    p{margin:0}
    a{color:var(--link);text-underline-offset:.18em;text-decoration-thickness:.06em}
    a:focus-visible,button:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--link);outline-offset:3px}
    code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
    h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,Charter,Georgia,"DejaVu Serif",serif;font-weight:600;letter-spacing:-.01em;text-wrap:balance}
    h1{font-size:clamp(1.75rem,1.25rem + 2.4vw,2.5rem);line-height:1.18;margin:.5rem 0 1rem}
    h2{font-size:1.45rem;line-height:1.3;margin:0 0 .4rem}
    h3{font-size:1rem;font-weight:600;line-height:1.45;margin:0}
    section{margin-top:4rem}
    .eyebrow{color:var(--soft);font-size:.8125rem;letter-spacing:.06em}
    .byline{color:var(--soft);font-size:.9375rem}
    .byline .year,.byline .source{white-space:nowrap}
    .byline .year::before,.byline .source::before{content:"· ";color:var(--line)}
    .question{margin:2.25rem 0 0;display:grid;grid-template-columns:9.5rem 1fr;gap:.75rem 1.5rem}
    .question dt{color:var(--soft);font-size:.9375rem;padding-top:.08rem}
    .question dd{margin:0}
    .setting{color:var(--soft);font-size:.9375rem;margin-bottom:1.25rem}
    .claim{display:grid;grid-template-columns:9.5rem 1fr;gap:.25rem 1.5rem;padding:1.4rem 0;border-top:1px solid var(--rule)}
    .claim:last-child{border-bottom:1px solid var(--rule)}
    .verdict{font-weight:600;font-size:.9375rem;display:flex;gap:.55rem;align-items:baseline}
    .holds .verdict{color:var(--good)}
    .fails .verdict{color:var(--bad)}
    .mark{flex:none;width:1.25rem;height:1.25rem;border-radius:50%;display:inline-flex;align-items:center;justify-content:center;font-size:.75rem;
      color:var(--page);transform:translateY(-.06rem)}
    .holds .mark{background:var(--good)}
    .fails .mark{background:var(--bad)}
    .sides{display:grid;grid-template-columns:1fr 1fr auto;gap:.5rem 1.5rem;margin-top:.85rem;align-items:start}
    .value{display:block;font-size:1.1875rem;font-weight:600;line-height:1.35;white-space:nowrap}
    .name{display:block;color:var(--soft);font-size:.8125rem;line-height:1.4}
    .difference .value{font-size:.875rem;font-weight:400;color:var(--soft);text-align:center}
    .condition{color:var(--soft);font-size:.8125rem;margin-top:.7rem}
    .seeds{white-space:nowrap}
    .glyph{display:block;margin-top:.2rem;overflow:visible}
    .glyph line{stroke-width:1}
    .glyph .target{stroke-width:5;opacity:.28}
    .glyph .tick{stroke-width:1.5}
    .glyph .error{stroke-width:2}
    figure{margin:2rem 0 0}
    figure+figure{margin-top:3.25rem}
    figcaption{font-size:.9375rem;color:var(--soft);margin-bottom:.9rem}
    figcaption strong{display:block;color:var(--ink);font-size:1rem;font-weight:600}
    figure svg{display:block;width:100%;height:auto}
    .narrow{display:none}
    .files{color:var(--soft);font-size:.8125rem;margin-top:.6rem}
    .missing{border:1px dashed var(--line);border-radius:.375rem;padding:1rem 1.15rem;color:var(--soft);font-size:.9375rem}
    .scroll{overflow-x:auto;margin-top:.75rem;
      background:linear-gradient(90deg,var(--page) 40%,transparent) 0 0/2rem 100% no-repeat local,
        linear-gradient(270deg,var(--page) 40%,transparent) 100% 0/2rem 100% no-repeat local,
        linear-gradient(90deg,var(--rule),transparent) 0 0/.75rem 100% no-repeat scroll,
        linear-gradient(270deg,var(--rule),transparent) 100% 0/.75rem 100% no-repeat scroll}
    table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.45}
    th,td{text-align:left;vertical-align:baseline;padding:.5rem .9rem .5rem 0;border-bottom:1px solid var(--rule);font-weight:400}
    th:last-child,td:last-child{padding-right:0}
    thead th{color:var(--soft);font-size:.8125rem;border-bottom-color:var(--line)}
    .number{text-align:right;white-space:nowrap;padding-left:.5rem}
    thead .number{white-space:normal;min-width:4.5rem}
    .meaning{color:var(--soft)}
    .pairs th{color:var(--ink)}
    .options th{white-space:nowrap}
    .setting-value{max-width:15rem}
    .setting-value,.pairs th{overflow-wrap:anywhere}
    .command{position:relative;margin-top:.9rem}
    pre{margin:0;background:var(--panel);border:1px solid var(--rule);border-radius:.375rem;padding:.9rem 5.25rem .9rem 1.05rem;white-space:pre-wrap;overflow-wrap:anywhere}
    button{position:absolute;top:.55rem;right:.55rem;font:inherit;font-size:.8125rem;line-height:1;color:var(--ink);background:var(--page);border:1px solid var(--line);
      border-radius:.3rem;padding:.45rem .75rem;cursor:pointer}
    button:hover{border-color:var(--soft)}
    .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem 1.5rem;margin:1.6rem 0 0;font-size:.9375rem}
    .facts dt{color:var(--soft);font-size:.8125rem}
    .facts dd{margin:0;overflow-wrap:anywhere}
    footer{margin-top:4rem;padding-bottom:3.5rem;color:var(--soft);font-size:.8125rem}
    @media (max-width:40rem){
      main{padding-top:2.25rem}
      section{margin-top:3.25rem}
      .question,.claim{grid-template-columns:1fr}
      .question{gap:.1rem}
      .question dd{margin-bottom:.9rem}
      .sides{grid-template-columns:1fr 1fr}
      .value{font-size:1.0625rem}
      .difference{grid-column:1/-1;display:flex;align-items:center;gap:.9rem}
      .glyph{margin:0}
      .wide{display:none}
      .narrow{display:block}
      .options,.options tbody{display:block}
      .options tr{display:grid;grid-template-columns:auto minmax(0,1fr);border-bottom:1px solid var(--rule);padding:.5rem 0}
      .options th,.options td{border:0;padding:0}
      .options .setting-value{text-align:right;padding-left:1rem;max-width:none}
      .options .meaning{grid-column:1/-1;font-size:.8125rem}
    }
    @media print{
      body{font-size:10.5pt}
      main{padding-top:0;max-width:none}
      footer{max-width:none}
      section{margin-top:2rem}
      .claim,figure,tr,.command{break-inside:avoid}
      h2{break-after:avoid}
      button,.files{display:none}
      pre{padding-right:1rem}
      .mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    }
    """
}
