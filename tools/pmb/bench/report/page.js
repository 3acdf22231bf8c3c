'use strict';
(() => {
  const run = JSON.parse(document.getElementById('run').textContent);
  const context = run.context;
  const entries = run.benchmarks;
  const measured = entries.filter((entry) => entry.real_time > 0);

  const sizeText = (bytes) => {
    const units = ['B', 'KiB', 'MiB', 'GiB'];
    let unit = 0;
    while (bytes >= 1024 && unit < 3) { bytes /= 1024; unit += 1; }
    return `${Number(bytes.toPrecision(3))} ${units[unit]}`;
  };
  const timeText = (ns) => {
    const units = ['ns', 'µs', 'ms', 's'];
    let unit = 0;
    while (ns >= 999.5 && unit < 3) { ns /= 1000; unit += 1; }
    return `${Number(ns.toPrecision(3))} ${units[unit]}`;
  };
  const title = (name) => name.replaceAll('_', ' ');
  const element = (name, text, parent, className) => {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    if (parent) parent.append(made);
    return made;
  };
  const unique = (values) => [...new Set(values)];

  // A method has the same colour and marker everywhere.
  const looks = JSON.parse(document.getElementById('looks').textContent);
  const named = (method, parent) => {
    element('span', looks[method].character, parent, 'marker').style.color = looks[method].colour;
    parent.append(method);
  };

  // Head of the page.
  document.getElementById('machine').textContent =
      `${context.driver.renderer}${context.software_renderer ? ', a software renderer: not the figures of a GPU' : ''}`;
  const facts = [
    ['Date', context.date], ['Command', context.command],
    ['Processor', `${context.machine.cpu}, ${context.machine.cores} cores, ${sizeText(context.machine.memory_bytes)}`],
    ['System', context.machine.kernel], ['OpenGL', `${context.gl_version} (${context.driver.vendor})`],
    ['Limit', context.limit.name + (context.limit.reason ? ` (${context.limit.reason})` : '')],
  ];
  if (context.interrupted) facts.push(['Interrupted', 'the run ended early; this page shows the figures so far']);
  for (const [name, value] of facts) {
    element('dt', name, document.getElementById('context'));
    element('dd', value, document.getElementById('context'));
  }

  // Heat map.
  const plans = measured.filter((entry) => entry.kind === 'plan' && entry.vs_traditional);
  const placeOf = (entry) => entry.variant || sizeText(entry.size_bytes);
  const isSlower = (entry) => entry.ranked && entry.vs_traditional < 1;
  {
    const faster = plans.filter((entry) => entry.ranked && entry.vs_traditional > 1).length;
    const slower = plans.filter(isSlower);
    document.getElementById('verdict').textContent =
        `Faster in ${faster} of ${plans.length} cells, equal within the spread in ` +
        `${plans.length - faster - slower.length}, slower in ${slower.length}` +
        (slower.length ? `: ${slower.slice(0, 6).map((entry) => `${title(entry.scenario)} ${placeOf(entry)}`).join(', ')}` +
            `${slower.length > 6 ? ` and ${slower.length - 6} more` : ''}.` : '.');
  }
  const heatCell = (row, entry) => {
    const cell = element('td', '', row);
    if (!entry) return;
    const ratio = entry.vs_traditional;
    cell.textContent = entry.ranked ? `${ratio.toFixed(ratio < 10 ? 2 : 1)}×` : '=';
    cell.title = `${title(entry.scenario)} ${placeOf(entry)}: ${ratio.toFixed(2)} times, ${timeText(entry.real_time)}`;
    if (!entry.ranked) {
      cell.style.background = '#eceff2';
    } else {
      // One colour a side; its strength grows with the logarithm of the ratio.
      const strength = Math.min(1, Math.abs(Math.log(ratio)) / Math.log(5));
      const [red, green, blue] = ratio > 1 ? [0, 114, 178] : [213, 94, 0];
      cell.style.background = `rgba(${red}, ${green}, ${blue}, ${0.15 + 0.85 * strength})`;
      if (strength > 0.6) cell.style.color = '#fff';
    }
  };
  const heatTable = (columns, rows) => {
    const table = element('table', null, document.getElementById('heat'));
    const head = element('tr', null, element('thead', null, table));
    element('th', '', head);
    for (const column of columns) element('th', column, head);
    const body = element('tbody', null, table);
    for (const [name, cells] of rows) {
      const row = element('tr', null, body);
      element('th', name, row);
      for (const cell of cells) heatCell(row, cell);
    }
  };
  // Scenarios that size is a parameter of; the others have one cell for each variant, or one alone.
  const hasSizes = (entry) => !entry.variant && !['memory', 'single_update'].includes(entry.scenario);
  const sized = unique(plans.filter(hasSizes).map((entry) => entry.scenario));
  const sizes = unique(plans.filter(hasSizes).map((entry) => entry.size_bytes)).sort((a, b) => a - b);
  if (sized.length) {
    heatTable(sizes.map(sizeText), sized.map((scenario) => [
      title(scenario),
      sizes.map((size) => plans.find((entry) => entry.scenario === scenario && entry.size_bytes === size)),
    ]));
  }
  const others = plans.filter((entry) => !hasSizes(entry));
  if (others.length) {
    element('h3', 'Without a size', document.getElementById('heat'));
    heatTable([''], others.map((entry) => [`${title(entry.scenario)} ${placeOf(entry)}`, [entry]]));
  }

  // Plots.
  const figure = (parentId, caption, note) => {
    const made = element('figure', null, document.getElementById(parentId));
    element('small', note, element('figcaption', caption, made));
    return made;
  };
  const noteOf = (scenario) => {
    const note = context.limit.by_scenario[scenario];
    return note ? `limit: ${note}` : '';
  };
  const dropEmpty = (list) => {
    for (const id of list) {
      const holder = document.getElementById(id);
      if (!holder.children.length) holder.closest('section').remove();
    }
  };

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = '#57606a';
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  // Draws each line again in dashes that leave room for those of the other lines: the colours of equal lines alternate.
  const alternation = {
    id: 'alternation',
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      const lines = chart.getSortedVisibleDatasetMetas();
      const dash = 7;
      lines.forEach((line, index) => {
        ctx.save();
        ctx.strokeStyle = line.dataset.options.borderColor;
        ctx.lineWidth = line.dataset.options.borderWidth;
        ctx.setLineDash([dash, dash * (lines.length - 1)]);
        ctx.lineDashOffset = -dash * index;
        ctx.beginPath();
        line.dataset.path(ctx);
        ctx.stroke();
        ctx.restore();
      });
    },
  };
  // The names are text of the page, which wraps, and no part of the canvas, which would shrink the plot for them.
  const lineNames = (chart, parent) => {
    const list = element('div', null, parent, 'lines');
    chart.data.datasets.forEach((dataset, index) => {
      const button = element('button', null, list);
      named(dataset.label, button);
      button.setAttribute('aria-pressed', 'true');
      button.onclick = () => {
        chart.setDatasetVisibility(index, !chart.isDatasetVisible(index));
        button.setAttribute('aria-pressed', chart.isDatasetVisible(index));
        chart.update();
      };
    });
  };
  const curves = (scenario) => {
    const own = measured.filter((entry) => entry.scenario === scenario && !entry.variant);
    const xs = unique(own.map((entry) => entry.size_bytes)).sort((a, b) => a - b);
    if (xs.length < 2) return;
    const datasets = unique(own.map((entry) => entry.way)).map((method) => {
      const points = own.filter((entry) => entry.way === method).sort((a, b) => a.size_bytes - b.size_bytes);
      const { colour, marker } = looks[method];
      const strong = points[0].kind === 'plan' || points[0].kind === 'limit';
      return {
        label: method,
        data: points.map((entry) => ({ x: entry.size_bytes, y: entry.gb_per_s, entry })),
        // The thick lines are below the thin ones, and hide none.
        borderColor: colour, borderWidth: strong ? 4 : 1.5, order: strong ? 1 : 0,
        // Hollow, so that equal points show all their markers; whole at the border of the plot.
        pointStyle: marker, pointBackgroundColor: 'transparent', pointBorderWidth: 1.5, pointRadius: 4, clip: 6,
      };
    });
    const parent = figure('bandwidth', title(scenario), noteOf(scenario));
    const chart = new Chart(element('canvas', null, element('div', null, parent, 'plot')), {
      type: 'line',
      data: { datasets },
      options: {
        interaction: { mode: 'nearest', intersect: false },
        scales: {
          x: { type: 'logarithmic', min: xs[0], max: xs[xs.length - 1], title: { display: true, text: 'size of one operation' },
               afterBuildTicks: (axis) => { axis.ticks = xs.map((value) => ({ value })); },
               ticks: { callback: sizeText, maxRotation: 50, autoSkip: false } },
          y: { type: 'logarithmic', title: { display: true, text: 'GB/s' },
               afterBuildTicks: (axis) => {
                 axis.ticks = [];
                 const steps = axis.max / axis.min < 300 ? [1, 2, 5] : [1];
                 for (let e = Math.floor(Math.log10(axis.min)); e <= Math.ceil(Math.log10(axis.max)); e += 1) {
                   for (const step of steps) {
                     const value = step * 10 ** e;
                     if (value >= axis.min && value <= axis.max) axis.ticks.push({ value });
                   }
                 }
               },
               ticks: { callback: (value) => `${Number(value.toPrecision(3))}`, autoSkip: false } },
        },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: {
            title: (items) => sizeText(items[0].raw.x),
            label: (item) => `${item.dataset.label}: ${item.raw.y.toPrecision(3)} GB/s, ${timeText(item.raw.entry.real_time)}` +
                (item.raw.entry.of_limit ? `, ${Math.round(100 * item.raw.entry.of_limit)} % of the limit` : ''),
          } },
        },
      },
      plugins: [alternation],
    });
    lineNames(chart, parent);
  };

  // Bars are elements of the page. Each has its whole name, and a track that cuts off what is longer than the plot.
  const barRow = (list, entry, value, parts) => {
    named(entry.way, element('div', null, list));
    element('div', value, list, 'value');
    const track = element('div', null, list, 'track');
    parts.forEach((share, index) => {
      const bar = element('div', null, track);
      bar.style.width = `${100 * share}%`;
      bar.style.background = looks[entry.way].colour;
      bar.style.opacity = [1, 0.55, 0.25][index];
    });
    return track;
  };
  const bars = (parentId, scenario, variant) => {
    const rows = measured.filter((entry) => entry.scenario === scenario && entry.variant === variant);
    if (!rows.length) return;
    const end = 1.1 * Math.max(...rows.map((entry) => entry.real_time));
    const caption = `${title(scenario)} ${variant || sizeText(rows[0].size_bytes)}`;
    const list = element('div', null, figure(parentId, caption, noteOf(scenario)), 'bars');
    for (const entry of rows) {
      const track = barRow(list, entry, timeText(entry.real_time), [entry.real_time / end]);
      if (entry.vs_traditional) track.title = `${entry.vs_traditional.toFixed(2)} times the best traditional method`;
      const spread = element('div', null, track, 'spread');
      spread.style.left = `${100 * entry.first_quartile / end}%`;
      spread.style.width = `${100 * (entry.third_quartile - entry.first_quartile) / end}%`;
    }
  };
  const memoryBars = () => {
    const rows = measured.filter((entry) => entry.scenario === 'memory');
    if (!rows.length) return;
    const partsOf = (entry) => [entry.peak_rss_bytes, entry.device_mapped_bytes, entry.gpu_memory_bytes || 0];
    const sum = (parts) => parts.reduce((total, part) => total + part, 0);
    const end = 1.1 * Math.max(1, ...rows.map((entry) => sum(partsOf(entry))));
    const list = element('div', null, figure('memory', `${sizeText(rows[0].size_bytes)} used by CPU and GPU`, ''), 'bars');
    for (const entry of rows) {
      const parts = partsOf(entry);
      barRow(list, entry, sizeText(sum(parts)), parts.map((part) => part / end)).title = parts.map(sizeText).join(' + ');
    }
  };

  for (const scenario of sized) curves(scenario);
  const withVariants = unique(measured.filter((entry) => entry.variant).map((entry) => `${entry.scenario}\n${entry.variant}`));
  for (const key of withVariants) {
    const [scenario, variant] = key.split('\n');
    bars(scenario.startsWith('small_updates') ? 'updates' : 'frames', scenario, variant);
  }
  bars('updates', 'single_update', '');
  memoryBars();
  dropEmpty(['bandwidth', 'frames', 'updates', 'memory']);

  // All figures.
  for (const scenario of unique(entries.map((entry) => entry.scenario))) {
    const details = element('details', null, document.getElementById('figures'));
    element('summary', title(scenario), details);
    const holder = element('div', null, details, 'scroll');
    const own = entries.filter((entry) => entry.scenario === scenario);
    for (const place of unique(own.map(placeOf))) {
      element('h3', place, holder);
      const table = element('table', null, holder);
      const head = element('tr', null, element('thead', null, table));
      for (const name of ['method', 'time', 'spread', 'CPU', 'GPU', 'GB/s', 'of limit', 'vs traditional', 'fences', 'copied by CPU',
        'process memory', 'GPU memory']) element('th', name, head);
      const body = element('tbody', null, table);
      for (const entry of own.filter((other) => placeOf(other) === place)) {
        const row = element('tr', null, body, entry.kind);
        element('td', entry.way, row);
        if (!(entry.real_time > 0)) {
          element('td', entry.error_message || 'not measured', row, 'error').colSpan = 11;
          continue;
        }
        const cells = [timeText(entry.real_time), timeText(entry.spread), timeText(entry.cpu_time),
          entry.gpu_time === null ? '–' : timeText(entry.gpu_time), entry.gb_per_s.toPrecision(3),
          entry.of_limit === null ? '–' : `${Math.round(100 * entry.of_limit)} %`,
          entry.vs_traditional === null ? '–' : (entry.ranked ? `${entry.vs_traditional.toFixed(2)}×` : '='),
          Number(entry.fences.toPrecision(3)), sizeText(entry.cpu_bytes_copied),
          sizeText(entry.peak_rss_bytes + entry.device_mapped_bytes),
          entry.gpu_memory_bytes === null ? '–' : sizeText(entry.gpu_memory_bytes)];
        for (const cell of cells) element('td', cell, row);
      }
    }
  }
})();
