package nlserve

// Linux's error numbers, which are those on the wire on every system.
const (
	eNOENT       = 2
	eIO          = 5
	eEXIST       = 17
	ePERM        = 1
	eBUSY        = 16
	eINVAL       = 22
	eMSGSIZE     = 90
	eOPNOTSUPP   = 95
	eNOBUFS      = 105
	eTIMEDOUT    = 110
	eECONNREFUSE = 111
	eCANCELED    = 125
)
