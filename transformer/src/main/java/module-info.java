/** Architectures, weight files, tokenizers, and the tasks on top. */
module dev.heddle.transformer {
  requires transitive dev.heddle.core;
  requires ai.djl.tokenizers;
  requires com.fasterxml.jackson.databind;
  requires com.google.protobuf;
  requires java.net.http;
  requires java.xml;
  requires static micrometer.core;
  requires org.tribuo.util.onnx;

  exports dev.heddle.fixture;
  exports dev.heddle.generate;
  exports dev.heddle.hub;
  exports dev.heddle.metrics;
  exports dev.heddle.model;
  exports dev.heddle.task;
  exports dev.heddle.onnx;
  exports dev.heddle.text;
  exports dev.heddle.weights;
}
