/// The page's structure, in Mustache.
enum ReportTemplate {
  static let page = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="generator" content="Apus {{version}}">
    <title>{{system}}: {{title}}</title>
    <style>{{{style}}}</style>
    </head>
    <body>
    <main>
    <header>
    <p class="eyebrow">{{eyebrow}}</p>
    <h1>{{title}}</h1>
    <p class="byline">{{authors}} <span class="year">{{year}}</span> <span class="source">{{source}}</span></p>
    <dl class="question">
    <dt>The problem</dt><dd>{{problem}}</dd>
    <dt>What the paper says</dt><dd>{{paperClaim}}</dd>
    </dl>
    </header>

    <section aria-labelledby="verdicts">
    <h2 id="verdicts">{{#hasClaims}}{{holding}} of {{claimCount}} {{claimNoun}}{{/hasClaims}}{{^hasClaims}}Findings{{/hasClaims}}</h2>
    <p class="setting">{{setting}}</p>
    {{#claims}}
    <article class="claim {{state}}" id="claim-{{id}}">
    <p class="verdict"><span class="mark" aria-hidden="true">{{mark}}</span>{{verdict}}</p>
    <div class="body">
    <h3>{{statement}}</h3>
    <div class="sides">
    <p><span class="value">{{measured}}</span> <span class="name">{{measuredName}}</span></p>
    <p><span class="value">{{baseline}}</span> <span class="name">{{baselineName}}</span></p>
    <div class="difference">{{{glyph}}}<span class="value">{{difference}}</span></div>
    </div>
    <p class="condition">Asked: {{condition}} <span class="seeds">· {{seeds}}</span></p>
    </div>
    </article>
    {{/claims}}
    </section>

    {{#hasFigures}}
    <section aria-labelledby="figures">
    <h2 id="figures">Figures</h2>
    {{#figures}}
    <figure id="figure-{{name}}">
    <figcaption><strong>{{title}}</strong> {{caption}}</figcaption>
    {{#isDrawn}}
    <div class="wide">{{{wide}}}</div>
    <div class="narrow">{{{narrow}}}</div>
    {{/isDrawn}}
    {{^isDrawn}}
    <p class="missing">Not drawn: {{problem}}.</p>
    {{/isDrawn}}
    <p class="files">Data and drawing: <a href="figures/{{name}}.csv">CSV</a>{{#isDrawn}}, <a href="figures/{{name}}.svg">SVG</a>{{/isDrawn}}, <a href="figures/{{name}}.gnuplot">gnuplot</a></p>
    </figure>
    {{/figures}}
    </section>
    {{/hasFigures}}

    {{#tables}}
    <section class="table">
    <h2 id="table-{{name}}">{{title}}</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="table-{{name}}">
    <table>
    <thead><tr>{{#columns}}<th scope="col" class="{{alignment}}">{{name}}</th>{{/columns}}</tr></thead>
    <tbody>
    {{#rows}}
    <tr>{{#cells}}<td class="{{alignment}}">{{value}}</td>{{/cells}}</tr>
    {{/rows}}
    </tbody>
    </table>
    </div>
    </section>
    {{/tables}}

    {{#hasMetrics}}
    <section aria-labelledby="metrics">
    <h2 id="metrics">Measurements</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="metrics">
    <table class="pairs">
    <tbody>
    {{#metrics}}
    <tr><th scope="row">{{#parts}}{{.}}<wbr>{{/parts}}</th><td class="number">{{value}}</td></tr>
    {{/metrics}}
    </tbody>
    </table>
    </div>
    </section>
    {{/hasMetrics}}

    {{#hasOptions}}
    <section aria-labelledby="options">
    <h2 id="options">Options</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="options">
    <table class="options">
    <tbody>
    {{#options}}
    <tr><th scope="row"><code>{{name}}</code></th><td class="setting-value">{{#parts}}{{.}}<wbr>{{/parts}}</td><td class="meaning">{{meaning}}</td></tr>
    {{/options}}
    </tbody>
    </table>
    </div>
    </section>
    {{/hasOptions}}

    <section aria-labelledby="again">
    <h2 id="again">Run it again</h2>
    <div class="command"><pre tabindex="0"><code id="command">{{command}}</code></pre><button type="button" id="copy" hidden>Copy</button></div>
    <dl class="facts">
    {{#facts}}
    <div><dt>{{name}}</dt><dd>{{value}}</dd></div>
    {{/facts}}
    </dl>
    </section>
    </main>
    <footer><p>Made by Apus {{version}}. Means are given with the standard error over seeds; baselines ran in the same run, on the same data.</p></footer>
    <script>
    (function () {
      var button = document.getElementById("copy"), text = document.getElementById("command");
      if (!button || !window.getSelection) return;
      button.hidden = false;
      button.addEventListener("click", function () {
        var range = document.createRange(), selection = window.getSelection();
        range.selectNodeContents(text);
        selection.removeAllRanges();
        selection.addRange(range);
        if (document.execCommand("copy")) { button.textContent = "Copied"; setTimeout(function () { button.textContent = "Copy"; }, 1600); }
      });
    })();
    </script>
    </body>
    </html>

    """#
}
