/** The folder for what can be made again. Exported to the other modules only. */
package dev.heddle.cache;
