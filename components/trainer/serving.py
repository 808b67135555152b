"""The SavedModel that is pushed: serialized `tf.train.Example`s in, probabilities out."""

import keras
import tensorflow as tf
import tensorflow_transform as tft

from tfx_updaters.components.examples.records import IMAGE, LABEL


def export(model: keras.Model, transform: tft.TFTransformOutput, folder: str) -> None:
    """Saves the model with the Transform graph in front, as signature `serving_default`.

    The signature takes `examples`, a vector of serialized examples, and gives `outputs`,
    examples x classes. The optimizer's state is not saved.
    """
    module = tf.Module()
    module.model = model
    module.transform = transform.transform_features_layer()
    spec = transform.raw_feature_spec()
    spec.pop(LABEL, None)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        features = module.transform(tf.io.parse_example(examples, spec))
        return {"outputs": module.model(features[IMAGE], training=False)}

    tf.saved_model.save(module, folder, signatures={"serving_default": serve})
