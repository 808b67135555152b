"""A pool of Beam workers, each a process of its own; prints its address."""

from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

if __name__ == "__main__":
    address, server = BeamFnExternalWorkerPoolServicer.start(use_process=True)
    print(address, flush=True)
    server.wait_for_termination()
