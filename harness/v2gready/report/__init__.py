"""Reports: pure functions of the stored run directory (docs/architecture.md).

A report reads ``run.json``, the traces and the configuration beside it, and the data files of the installation
(requirements, schemes, questionnaires, texts). It asks no clock, no network and no device, so the same run gives the
same report.
"""
