/** A folder that runs the command on a host without a JDK. */
package dev.heddle.bench.bundle;
