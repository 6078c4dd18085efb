import Foundation

/// What is wrong with a page as a browser lays it out.
package struct PageCheck: Decodable {
  /// What stands beyond the right edge of the screen, or of the figure it belongs to.
  package let overflowing: [String]
  /// Figures without a picture, or with an empty one.
  package let undrawn: [String]
  /// Pictures that a screen reader would pass over.
  package let nameless: [String]
  /// Texts that stand out from their ground by less than 4.5 to 1 (WCAG 2, level AA), with how much.
  package let faint: [String]
  package let figureCount: Int

  package init(of browser: Browser) throws {
    guard let text = try browser.value(of: Self.script) as? String else {
      throw Browser.Failure(description: "the page cannot be measured")
    }
    self = try JSONDecoder().decode(PageCheck.self, from: Data(text.utf8))
  }

  private static let script = #"""
    (() => {
      const width = document.documentElement.clientWidth;
      const name = e => (e.id || e.closest('[id]')?.id || e.tagName) + ': ' + (e.textContent || '').trim().slice(0, 60);
      const visible = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility === 'visible'; };
      const scrolls = e => { for (let p = e; p; p = p.parentElement) if (['auto', 'scroll'].includes(getComputedStyle(p).overflowX)) return true; return false; };
      const overflowing = [];
      if (document.documentElement.scrollWidth > width) overflowing.push('the page is ' + document.documentElement.scrollWidth + ' wide on ' + width);
      for (const e of document.body.querySelectorAll('*')) {
        if (!visible(e) || e.closest('svg') || scrolls(e)) continue;
        if (e.getBoundingClientRect().right > width + 1) overflowing.push(name(e));
      }
      const pictures = [...document.querySelectorAll('figure svg')].filter(visible);
      for (const svg of pictures) {
        const frame = svg.getBoundingClientRect();
        for (const t of svg.querySelectorAll('text')) {
          if (!t.textContent.trim()) continue;
          const r = t.getBoundingClientRect();
          if (r.left < frame.left - 2 || r.right > frame.right + 2 || r.top < frame.top - 2 || r.bottom > frame.bottom + 2) overflowing.push(name(svg) + ' / ' + t.textContent.trim());
        }
      }
      const figures = [...document.querySelectorAll('figure')];
      const undrawn = figures.filter(f => {
        const svg = [...f.querySelectorAll('svg')].filter(visible)[0];
        return !svg || svg.querySelectorAll('path, line, polygon, circle, rect, image, use, polyline').length === 0 || svg.getBoundingClientRect().height < 40;
      }).map(name);
      const nameless = pictures.filter(s => s.getAttribute('role') !== 'img' || !(s.getAttribute('aria-labelledby') || s.getAttribute('aria-label') || s.querySelector('title'))).map(name)
        .concat([...document.querySelectorAll('img')].filter(i => !i.alt).map(name));
      const luminance = c => { const f = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
      const parse = c => { const m = c.match(/[\d.]+/g); return m ? m.map(Number) : [0, 0, 0, 0]; };
      const ground = e => { for (let p = e; p; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (c.length < 4 || c[3] > 0.99) return c; } return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
      const faint = [];
      for (const e of document.body.querySelectorAll('p, li, td, th, h1, h2, h3, a, code, pre, dt, dd, figcaption, summary, span, strong')) {
        if (!visible(e) || e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
        const a = luminance(parse(getComputedStyle(e).color)), b = luminance(ground(e));
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push(contrast.toFixed(2) + ' ' + name(e));
      }
      return JSON.stringify({ overflowing, undrawn, nameless, faint, figureCount: figures.length });
    })()
    """#
}
