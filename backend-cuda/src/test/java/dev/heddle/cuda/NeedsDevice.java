package dev.heddle.cuda;

import dev.heddle.backend.Probe;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests that run where a GPU is or the simulator was built, and are reported as skipped elsewhere.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsDevice.Condition.class)
@interface NeedsDevice {
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return switch (Devices.find().probe()) {
        case Probe.Usable usable -> ConditionEvaluationResult.enabled("there is a device");
        case Probe.Unusable(String reason, String remedy) ->
            ConditionEvaluationResult.disabled(
                reason + ". The simulator of CUDA needs g++: apt-get install g++");
      };
    }
  }
}
