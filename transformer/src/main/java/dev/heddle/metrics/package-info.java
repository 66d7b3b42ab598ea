/** What Micrometer is told; its classes are needed by those who use these, and by nobody else. */
package dev.heddle.metrics;
