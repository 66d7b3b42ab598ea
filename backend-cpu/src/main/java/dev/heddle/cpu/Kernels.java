package dev.heddle.cpu;

/**
 * The float32 kernels that this JVM can run, chosen once.
 *
 * <p>The Vector API is an incubating module, which the JVM must be told to add. Where it is absent
 * nothing links its types: the classes that name them are first touched by {@link #withVectors()}.
 *
 * @param vectors whether they use the Vector API
 * @param why why these, and what to do about it if they are the slow ones
 */
record Kernels(
    ElementKernels elements,
    SoftmaxKernels softmax,
    NormKernels norm,
    QuantizeKernels quantize,
    MatMulTiles matMul,
    BlockKernels blocks,
    RotaryKernel rotary,
    boolean vectors,
    String why) {
  private static final String MODULE = "jdk.incubator.vector";

  /** What plans call them. */
  String name() {
    return vectors ? "vectors" : "scalars";
  }

  /** The fastest. */
  static final Kernels BEST = isVectorModuleThere() ? withVectors() : scalar();

  private static boolean isVectorModuleThere() {
    return ModuleLayer.boot()
        .findModule(MODULE)
        .filter(module -> Kernels.class.getModule().canRead(module))
        .isPresent();
  }

  static Kernels withVectors() {
    return new Kernels(
        new VectorElements(),
        new VectorSoftmax(),
        new VectorNorm(),
        new VectorQuantize(),
        new VectorMatMulTiles(),
        new VectorBlocks(),
        VectorRotary::turn,
        true,
        "Vector API, " + Vectors.LANES * Float.SIZE + " bits");
  }

  static Kernels scalar() {
    return new Kernels(
        new ScalarElements(),
        new ScalarSoftmax(),
        new ScalarNorm(),
        new ScalarQuantize(),
        new ScalarMatMulTiles(),
        new ScalarBlocks(),
        ScalarRotary::turn,
        false,
        "no vector instructions, many times slower: module "
            + MODULE
            + " is not there; start java with --add-modules "
            + MODULE);
  }
}
