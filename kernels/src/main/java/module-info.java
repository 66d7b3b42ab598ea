/** Portable GPU kernels, and the code that turns graphs into launches of them. */
module dev.heddle.kernels {
  requires transitive dev.heddle.core;
  requires com.fasterxml.jackson.core;

  exports dev.heddle.kernels;
}
