"""How many examples go through the models at once."""

import tensorflow as tf

# As many as make a call of a model cheap: 8 us an example, and 19 in batches of 512.
MOST = 2048
# An image of this many bytes in a PNG or JPEG file has about ten times as many as numbers.
SERIALIZED_BYTES = 8 << 20


def batch_size(pattern: str) -> int:
    """A power of two from 1 to 2,048, fewer for large examples so that memory stays the same.

    The size of the first example decides, so that the same data give the same batches: Beam's own
    choice differs from run to run, and with it the last digits.

    Args:
        pattern: of files of serialized examples, gzipped if their names end with `.gz`.
    """
    for path in sorted(tf.io.gfile.glob(pattern)):
        records = tf.data.TFRecordDataset(path, "GZIP" if path.endswith(".gz") else "")
        for record in records.take(1).as_numpy_iterator():
            fitting = max(SERIALIZED_BYTES // max(len(record), 1), 1)
            return min(MOST, 1 << (fitting.bit_length() - 1))
    return MOST
