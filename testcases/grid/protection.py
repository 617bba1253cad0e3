"""The interface protection: each stage trips just beyond its value in its time, and neither inside nor before."""

from __future__ import annotations

from v2gready.authoring.grid import StageHolds, StageTrips, StageTripsWithoutCurrent


class UndervoltageTrips(StageTrips):
    """Just beyond its value the undervoltage stage 1 (U<) disconnects the device in its time.

    A device that stays at a collapsing voltage feeds a fault or an island.
    """

    topic = "UUND-01"
    title = "U< trips beyond its value and in its time"
    stage = "trip_u_under"
    parameters = ("trip_u_under", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-under-dead": "GRID-TRIP-VALUE", "u-under-far": "GRID-TRIP-VALUE", "u-under-slow": "GRID-TRIP-TIME"}


class UndervoltageHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the undervoltage stage 1 (U<) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "UUND-02"
    title = "U< neither trips inside its value nor before its time"
    stage = "trip_u_under"
    parameters = ("trip_u_under", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-under-near": "GRID-NO-TRIP", "u-under-quick": "GRID-NO-TRIP"}


class DeepUndervoltageTrips(StageTripsWithoutCurrent):
    """Just beyond its value the undervoltage stage 2 (U<<) disconnects the device in its time.

    A device that stays at a collapsing voltage feeds a fault or an island.
    """

    topic = "UUND2-01"
    title = "U<< trips beyond its value and in its time"
    stage = "trip_u_under_2"
    parameters = ("trip_u_under_2", "trip_time_tolerance", "trip_u_tolerance")
    faults = {
        "u-under-2-dead": "GRID-TRIP-VALUE",
        "u-under-2-far": "GRID-TRIP-VALUE",
        "u-under-2-slow": "GRID-TRIP-TIME",
    }


class DeepUndervoltageHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the undervoltage stage 2 (U<<) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "UUND2-02"
    title = "U<< neither trips inside its value nor before its time"
    stage = "trip_u_under_2"
    parameters = ("trip_u_under_2", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-under-2-near": "GRID-NO-TRIP", "u-under-2-quick": "GRID-NO-TRIP"}


class OvervoltageTrips(StageTrips):
    """Just beyond its value the overvoltage stage 1 (U>) disconnects the device in its time.

    Overvoltage destroys what is connected beside the device.
    """

    topic = "UOVR-01"
    title = "U> trips beyond its value and in its time"
    stage = "trip_u_over"
    parameters = ("trip_u_over", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-dead": "GRID-TRIP-VALUE", "u-over-far": "GRID-TRIP-VALUE", "u-over-slow": "GRID-TRIP-TIME"}


class OvervoltageHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the overvoltage stage 1 (U>) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "UOVR-02"
    title = "U> neither trips inside its value nor before its time"
    stage = "trip_u_over"
    parameters = ("trip_u_over", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-near": "GRID-NO-TRIP", "u-over-quick": "GRID-NO-TRIP"}


class HighOvervoltageTrips(StageTripsWithoutCurrent):
    """Just beyond its value the overvoltage stage 2 (U>>) disconnects the device in its time.

    Overvoltage destroys what is connected beside the device.
    """

    topic = "UOVR2-01"
    title = "U>> trips beyond its value and in its time"
    stage = "trip_u_over_2"
    parameters = ("trip_u_over_2", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-2-dead": "GRID-TRIP-VALUE", "u-over-2-far": "GRID-TRIP-VALUE", "u-over-2-slow": "GRID-TRIP-TIME"}


class HighOvervoltageHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the overvoltage stage 2 (U>>) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "UOVR2-02"
    title = "U>> neither trips inside its value nor before its time"
    stage = "trip_u_over_2"
    parameters = ("trip_u_over_2", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-2-near": "GRID-NO-TRIP", "u-over-2-quick": "GRID-NO-TRIP"}


class HighestOvervoltageTrips(StageTripsWithoutCurrent):
    """Just beyond its value the overvoltage stage 3 (U>>>) disconnects the device in its time.

    Overvoltage destroys what is connected beside the device.
    """

    topic = "UOVR3-01"
    title = "U>>> trips beyond its value and in its time"
    stage = "trip_u_over_3"
    parameters = ("trip_u_over_3", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-3-dead": "GRID-TRIP-VALUE", "u-over-3-far": "GRID-TRIP-VALUE", "u-over-3-slow": "GRID-TRIP-TIME"}


class HighestOvervoltageHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the overvoltage stage 3 (U>>>) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "UOVR3-02"
    title = "U>>> neither trips inside its value nor before its time"
    stage = "trip_u_over_3"
    parameters = ("trip_u_over_3", "trip_time_tolerance", "trip_u_tolerance")
    faults = {"u-over-3-near": "GRID-NO-TRIP"}


class UnderFrequencyTrips(StageTrips):
    """Just beyond its value the under-frequency stage 1 (f<) disconnects the device in its time.

    Frequency that low is an island or a grid that is lost.
    """

    topic = "FUND-01"
    title = "f< trips beyond its value and in its time"
    stage = "trip_f_under"
    parameters = ("trip_f_under", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-under-dead": "GRID-TRIP-VALUE", "f-under-far": "GRID-TRIP-VALUE", "f-under-slow": "GRID-TRIP-TIME"}


class UnderFrequencyHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the under-frequency stage 1 (f<) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "FUND-02"
    title = "f< neither trips inside its value nor before its time"
    stage = "trip_f_under"
    parameters = ("trip_f_under", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-under-near": "GRID-NO-TRIP", "f-under-quick": "GRID-NO-TRIP"}


class DeepUnderFrequencyTrips(StageTrips):
    """Just beyond its value the under-frequency stage 2 (f<<) disconnects the device in its time.

    Frequency that low is an island or a grid that is lost.
    """

    topic = "FUND2-01"
    title = "f<< trips beyond its value and in its time"
    stage = "trip_f_under_2"
    parameters = ("trip_f_under_2", "trip_time_tolerance", "trip_f_tolerance")
    faults = {
        "f-under-2-dead": "GRID-TRIP-VALUE",
        "f-under-2-far": "GRID-TRIP-VALUE",
        "f-under-2-slow": "GRID-TRIP-TIME",
    }


class DeepUnderFrequencyHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the under-frequency stage 2 (f<<) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "FUND2-02"
    title = "f<< neither trips inside its value nor before its time"
    stage = "trip_f_under_2"
    parameters = ("trip_f_under_2", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-under-2-near": "GRID-NO-TRIP"}


class OverFrequencyTrips(StageTrips):
    """Just beyond its value the over-frequency stage 1 (f>) disconnects the device in its time.

    Frequency that high is an island: whoever feeds it drives it higher.
    """

    topic = "FOVR-01"
    title = "f> trips beyond its value and in its time"
    stage = "trip_f_over"
    parameters = ("trip_f_over", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-over-dead": "GRID-TRIP-VALUE", "f-over-far": "GRID-TRIP-VALUE", "f-over-slow": "GRID-TRIP-TIME"}


class OverFrequencyHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the over-frequency stage 1 (f>) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "FOVR-02"
    title = "f> neither trips inside its value nor before its time"
    stage = "trip_f_over"
    parameters = ("trip_f_over", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-over-near": "GRID-NO-TRIP", "f-over-quick": "GRID-NO-TRIP"}


class HighOverFrequencyTrips(StageTrips):
    """Just beyond its value the over-frequency stage 2 (f>>) disconnects the device in its time.

    Frequency that high is an island: whoever feeds it drives it higher.
    """

    topic = "FOVR2-01"
    title = "f>> trips beyond its value and in its time"
    stage = "trip_f_over_2"
    parameters = ("trip_f_over_2", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-over-2-dead": "GRID-TRIP-VALUE", "f-over-2-far": "GRID-TRIP-VALUE", "f-over-2-slow": "GRID-TRIP-TIME"}


class HighOverFrequencyHolds(StageHolds):
    """Just inside its value, and beyond it for a shorter time, the over-frequency stage 2 (f>>) does not trip.

    Nuisance trips turn a small disturbance into a large one.
    """

    topic = "FOVR2-02"
    title = "f>> neither trips inside its value nor before its time"
    stage = "trip_f_over_2"
    parameters = ("trip_f_over_2", "trip_time_tolerance", "trip_f_tolerance")
    faults = {"f-over-2-near": "GRID-NO-TRIP"}
