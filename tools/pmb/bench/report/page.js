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

  // The palette of Okabe and Ito, which colour-blind people can tell apart. A method has the same colour everywhere.
  const traditionalColours = ['#d55e00', '#e69f00', '#cc79a7', '#b8860b', '#8c510a', '#f08060'];
  const forcedColours = ['#56b4e9', '#009e73', '#7b9fd4', '#4bb8a0', '#6a51a3', '#9e9ac8', '#3a8f3a'];
  const methods = unique(entries.map((entry) => entry.way));
  const ofKind = (kind) => methods.filter((method) => entries.some((entry) => entry.way === method && entry.kind === kind));
  const colourOf = (entry) => {
    if (entry.kind === 'plan') return '#0072b2';
    if (entry.kind === 'limit') return '#1b1f24';
    if (entry.kind === 'reference') return '#8c959f';
    const palette = entry.kind === 'traditional' ? traditionalColours : forcedColours;
    return palette[ofKind(entry.kind).indexOf(entry.way) % palette.length];
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
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.color = '#57606a';
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  const figure = (parentId, caption, note, height) => {
    const made = element('figure', null, document.getElementById(parentId));
    element('small', note, element('figcaption', caption, made));
    const plot = element('div', null, made, 'plot');
    plot.style.height = `${height}px`;
    return element('canvas', null, plot);
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

  const curves = (scenario) => {
    const own = measured.filter((entry) => entry.scenario === scenario && !entry.variant);
    const xs = unique(own.map((entry) => entry.size_bytes)).sort((a, b) => a - b);
    if (xs.length < 2) return;
    const datasets = unique(own.map((entry) => entry.way)).map((method) => {
      const points = own.filter((entry) => entry.way === method).sort((a, b) => a.size_bytes - b.size_bytes);
      const first = points[0];
      const strong = first.kind === 'plan' || first.kind === 'limit';
      return {
        label: method,
        data: points.map((entry) => ({ x: entry.size_bytes, y: entry.gb_per_s, entry })),
        borderColor: colourOf(first), backgroundColor: colourOf(first),
        borderWidth: strong ? 3 : 1.5, pointRadius: strong ? 3 : 2,
        borderDash: first.kind === 'limit' ? [7, 4] : first.kind === 'reference' ? [2, 3] : [],
        order: strong ? 0 : 1,
      };
    });
    new Chart(figure('bandwidth', title(scenario), noteOf(scenario), 380), {
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
          legend: { position: 'bottom', labels: { boxWidth: 22, boxHeight: 2, font: { size: 11 } } },
          tooltip: { callbacks: {
            title: (items) => sizeText(items[0].raw.x),
            label: (item) => `${item.dataset.label}: ${item.raw.y.toPrecision(3)} GB/s, ${timeText(item.raw.entry.real_time)}` +
                (item.raw.entry.of_limit ? `, ${Math.round(100 * item.raw.entry.of_limit)} % of the limit` : ''),
          } },
        },
      },
    });
  };

  // Draws the interquartile range on every bar.
  const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const { ctx, scales: { x } } = chart;
      const rows = chart.options.plugins.whiskers.rows;
      chart.getDatasetMeta(0).data.forEach((bar, index) => {
        const scale = chart.options.plugins.whiskers.scale;
        const from = x.getPixelForValue(rows[index].first_quartile / scale);
        const to = x.getPixelForValue(rows[index].third_quartile / scale);
        ctx.save();
        ctx.strokeStyle = '#1b1f24';
        ctx.beginPath();
        ctx.moveTo(from, bar.y); ctx.lineTo(to, bar.y);
        for (const end of [from, to]) { ctx.moveTo(end, bar.y - 4); ctx.lineTo(end, bar.y + 4); }
        ctx.stroke();
        ctx.restore();
      });
    },
  };
  const bars = (parentId, scenario, variant) => {
    const rows = measured.filter((entry) => entry.scenario === scenario && entry.variant === variant);
    if (!rows.length) return;
    const longest = Math.max(...rows.map((entry) => entry.third_quartile));
    const [scale, unit] = longest < 2e3 ? [1, 'ns'] : longest < 2e6 ? [1e3, 'µs'] : [1e6, 'ms'];
    const caption = `${title(scenario)} ${variant || sizeText(rows[0].size_bytes)}`;
    new Chart(figure(parentId, caption, noteOf(scenario), 90 + 24 * rows.length), {
      type: 'bar',
      data: { labels: rows.map((entry) => entry.way),
              datasets: [{ data: rows.map((entry) => entry.real_time / scale), backgroundColor: rows.map(colourOf) }] },
      options: {
        indexAxis: 'y',
        scales: { x: { beginAtZero: true, title: { display: true, text: unit } },
                  y: { ticks: { autoSkip: false, font: { size: 11 } } } },
        plugins: {
          legend: { display: false }, whiskers: { rows, scale },
          tooltip: { callbacks: { label: (item) => {
            const entry = rows[item.dataIndex];
            return `${timeText(entry.real_time)}` + (entry.vs_traditional ?
                `, ${entry.vs_traditional.toFixed(2)} times the best traditional method` : '');
          } } },
        },
      },
      plugins: [whiskers],
    });
  };
  const memoryBars = () => {
    const rows = measured.filter((entry) => entry.scenario === 'memory');
    if (!rows.length) return;
    const part = (label, key, colour) => ({
      label, backgroundColor: colour, data: rows.map((entry) => (entry[key] || 0) / 2 ** 20) });
    new Chart(figure('memory', `${sizeText(rows[0].size_bytes)} used by CPU and GPU`, '', 110 + 28 * rows.length), {
      type: 'bar',
      data: { labels: rows.map((entry) => entry.way),
              datasets: [part('process', 'peak_rss_bytes', '#56b4e9'), part('mapped by the driver', 'device_mapped_bytes', '#009e73'),
                         part('GPU', 'gpu_memory_bytes', '#e69f00')] },
      options: { indexAxis: 'y',
                 scales: { x: { stacked: true, beginAtZero: true, title: { display: true, text: 'MiB' } },
                           y: { stacked: true, ticks: { autoSkip: false } } },
                 plugins: { legend: { position: 'bottom' } } },
    });
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
