package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads {@code .onnx} files into graphs.
 *
 * <p>Shape arithmetic, which exporters write as operators on small integer tensors, is done here on
 * symbolic dimensions; it leaves no nodes. Files of operator sets 11 to 25 are read; what an
 * operator set changed is handled operator by operator, so older files mostly work too.
 */
public final class OnnxImporter {
  private OnnxImporter() {}

  /**
   * Imports a model.
   *
   * @throws OnnxException if the file is missing, broken, or uses what is not supported
   */
  public static OnnxModel read(Path file) {
    return read(file, OnnxOptions.DEFAULT);
  }

  /**
   * Imports a model.
   *
   * @throws OnnxException if the file is missing, broken, or uses what is not supported
   */
  public static OnnxModel read(Path file, OnnxOptions options) {
    return read(OnnxFile.open(file), options);
  }

  /**
   * Imports a model that does not lie in a file of its own, a resource for instance.
   *
   * @param model what its file would hold; the graph's constants are views of it, so it stays as it
   *     is while they are used
   * @param source where it comes from, for errors. Tensors that the model keeps in other files are
   *     looked for beside {@code source} if that is a file, and refused otherwise
   * @throws OnnxException if it is broken, or uses what is not supported
   */
  public static OnnxModel of(byte[] model, Path source, OnnxOptions options) {
    return read(OnnxFile.of(model, source), options);
  }

  private static OnnxModel read(OnnxFile file, OnnxOptions options) {
    try {
      ModelProto model = file.model();
      Map<String, Long> opsets = new TreeMap<>();
      for (OperatorSetIdProto opset : model.getOpsetImportList()) {
        opsets.put(domain(opset.getDomain()), opset.getVersion());
      }
      GraphImport graph = new GraphImport(file, options, opsets);
      String producer = (model.getProducerName() + " " + model.getProducerVersion()).strip();
      return new OnnxModel(graph.run(), producer, opsets, graph.notes(), file.mappings());
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /** The standard domain has two spellings. */
  static String domain(String domain) {
    return domain.isEmpty() ? "ai.onnx" : domain;
  }
}
