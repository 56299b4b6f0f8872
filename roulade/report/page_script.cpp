// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/page.hpp"

namespace roulade::plot {

std::string_view page_script() {
  return R"js(
for (const slider of document.querySelectorAll(".level-slider")) {
  const card = slider.closest(".card"), levels = card.querySelectorAll(".level");
  slider.addEventListener("input", () => {
    levels.forEach((level, i) => { level.hidden = i !== Number(slider.value); });
    const label = levels[Number(slider.value)].dataset.label;
    card.querySelector("output").textContent = label;
    slider.setAttribute("aria-valuetext", label);
  });
}
(() => {
  "use strict";
  const source = document.getElementById("frames");
  if (!source) return;
  const film = JSON.parse(source.textContent);
  const { width, rows } = film, count = film.labels.length;
  const canvas = document.getElementById("film"), button = document.getElementById("play");
  const slider = document.getElementById("frame"), label = document.getElementById("time");
  const showData = document.getElementById("show-data");
  const acrossBox = document.getElementById("across"), upBox = document.getElementById("up");
  const context = canvas.getContext("2d");

  // 16-bit shares of a range, little endian.
  const decode = (text, ranges, perFrame) => {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    const out = new Float32Array(bytes.length / 2);
    for (let i = 0; i < out.length; i++) {
      const [low, high] = ranges[perFrame ? Math.floor(i / perFrame) : 0][i % width];
      out[i] = low + (high - low) * view.getUint16(2 * i, true) / 65535;
    }
    return out;
  };
  const points = decode(film.points, film.ranges, rows * width), data = decode(film.data, [film.dataRange], 0);

  let place = count - 1;  // frame shown; between two frames the points are on a straight line
  let playing = false, before = 0, held = 0;
  const columnOf = (box, otherwise) => box ? Number(box.value) : otherwise;

  const viewAt = (column, low, share) => {
    const a = film.views[low][column], b = film.views[Math.min(low + 1, count - 1)][column];
    return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  };

  const drawPlane = (side, low, share) => {
    const across = columnOf(acrossBox, 0), up = columnOf(upBox, 1);
    const [x0, x1] = viewAt(across, low, share), [y0, y1] = viewAt(up, low, share);
    const sx = side / (x1 - x0), sy = side / (y1 - y0), size = Math.max(1.5, side / 240);
    if (showData.checked) {
      context.fillStyle = "#7d838c";
      context.globalAlpha = 0.28;
      for (let i = 0; i < data.length; i += width)
        context.fillRect((data[i + across] - x0) * sx - size / 2, (y1 - data[i + up]) * sy - size / 2, size, size);
    }
    context.globalAlpha = 0.75;
    const a = low * rows * width, b = Math.min(low + 1, count - 1) * rows * width, radius = size * 0.62;
    film.colours.forEach((hex, group) => {
      context.fillStyle = hex;
      context.beginPath();
      for (let r = 0; r < rows; r++) {
        if (film.groups[r] !== group) continue;
        const i = r * width + across, j = r * width + up;
        const x = (points[a + i] + (points[b + i] - points[a + i]) * share - x0) * sx;
        const y = (y1 - points[a + j] - (points[b + j] - points[a + j]) * share) * sy;
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 6.2832);
      }
      context.fill();
    });
    context.globalAlpha = 1;
  };

  const bins = 60;
  const shares = (valueOf, n, x0, x1) => {
    const out = new Float32Array(bins);
    for (let i = 0; i < n; i++) {
      const k = Math.floor((valueOf(i) - x0) / (x1 - x0) * bins);
      if (k >= 0 && k < bins) out[k] += 1 / n;
    }
    return out;
  };
  const [end0, end1] = film.views[count - 1][0], last = (count - 1) * rows;
  const tallest = width > 1 ? 1 : 1.15 * Math.max(...shares(i => data[i], data.length, end0, end1),
    ...shares(i => points[last + i], rows, end0, end1)) / (end1 - end0);
  const drawBars = (side, low, share) => {
    const [x0, x1] = viewAt(0, low, share), a = low * rows, b = Math.min(low + 1, count - 1) * rows;
    const bars = (heights, colour, alpha) => {
      context.fillStyle = colour;
      context.globalAlpha = alpha;
      heights.forEach((h, k) => {
        const tall = h / (x1 - x0) / tallest * side;
        context.fillRect(k * side / bins, side - tall, side / bins + 0.5, tall);
      });
      context.globalAlpha = 1;
    };
    if (showData.checked) bars(shares(i => data[i], data.length, x0, x1), "#7d838c", 0.4);
    bars(shares(i => points[a + i] + (points[b + i] - points[a + i]) * share, rows, x0, x1),
      film.colours[0], 0.6);
  };

  const draw = () => {
    const side = canvas.width, low = Math.min(Math.floor(place), count - 1), share = place - low;
    context.clearRect(0, 0, side, side);
    (width === 1 ? drawBars : drawPlane)(side, low, share);
    const nearest = Math.round(place);
    slider.value = nearest;
    slider.setAttribute("aria-valuetext", film.labels[nearest]);
    label.textContent = film.labels[nearest];
  };

  const fit = () => {
    const side = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    draw();
  };
  const setPlaying = on => {
    playing = on;
    before = held = 0;
    button.textContent = on ? "Pause" : "Play";
    if (on) requestAnimationFrame(tick);
  };
  // Frames a second so that a run lasts about 3.5 s; the last frame is held for 1.6 s.
  const rate = (count - 1) / 3.5;
  const tick = now => {
    if (!playing) return;
    const passed = before ? Math.min((now - before) / 1000, 0.1) : 0;
    before = now;
    if (place >= count - 1) {
      held += passed;
      if (held > 1.6) held = place = 0;
    } else {
      place = Math.min(place + passed * rate, count - 1);
      draw();
    }
    requestAnimationFrame(tick);
  };
  let touched = false;
  button.addEventListener("click", () => {
    touched = true;
    if (!playing && place >= count - 1) place = 0;
    setPlaying(!playing);
  });
  slider.addEventListener("input", () => {
    touched = true;
    setPlaying(false);
    place = Number(slider.value);
    draw();
  });
  for (const box of [showData, acrossBox, upBox]) if (box) box.addEventListener("change", draw);
  new ResizeObserver(fit).observe(canvas);
  fit();

  // It begins by itself once, when it is first seen, unless less motion is wanted.
  if (count > 1 && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const seen = new IntersectionObserver(entries => {
      if (!entries.some(e => e.isIntersecting)) return;
      seen.disconnect();
      if (touched) return;
      place = 0;
      setPlaying(true);
    }, { threshold: 0.6 });
    seen.observe(canvas);
  }
})();
)js";
}

}  // namespace roulade::plot
