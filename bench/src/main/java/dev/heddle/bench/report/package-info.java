/** Results as people read them: on a terminal, as Markdown, as a page with charts. */
package dev.heddle.bench.report;
